// SPDX-License-Identifier: MIT
#include "ipip/version.hpp"

namespace ipip {

std::string version() {
  return IPIP_VERSION;
}

std::string headers() {
  return IPIP_HEADERS;
}

}  // namespace ipip
