// SPDX-License-Identifier: MIT
// Versions of libipip and of the libtorch that its torch part meets.
#include "ipip/version.hpp"

#include "torch_part.hpp"

namespace ipip {

std::string version() {
  return IPIP_VERSION;
}

std::string headers() {
  return IPIP_HEADERS;
}

std::string torch_version_built() {
  return IPIP_TORCH_VERSION;
}

std::string torch_version_loaded() {
  return load_torch_part().torch_version();
}

void require_matching_torch() {
  matching_torch_part();
}

}  // namespace ipip
