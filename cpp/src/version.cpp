// SPDX-License-Identifier: MIT
// Versions of libipip and of the libtorch it meets.
#include "ipip/version.hpp"

#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/headeronly/version.h>

#include <cstdint>

#include "ipip/error.hpp"

namespace ipip {

std::string version() {
  return IPIP_VERSION;
}

std::string headers() {
  return IPIP_HEADERS;
}

std::string torch_version_built() {
  return TORCH_VERSION;
}

std::string torch_version_loaded() {
  // One byte each from the top: major, minor, patch (TORCH_ABI_VERSION of torch/version.h).
  const std::uint64_t packed = aoti_torch_abi_version();
  const auto byte = [packed](int shift) { return std::to_string((packed >> shift) & 0xff); };
  return byte(56) + "." + byte(48) + "." + byte(40);
}

void require_matching_torch() {
  const std::string built = torch_version_built();
  const std::string loaded = torch_version_loaded();
  if (built != loaded) {
    throw Error("libtorch " + loaded + " is loaded, but ipip was built for libtorch " + built +
                ": install torch " + built +
                ", or rebuild ipip with `pip install . "
                "--no-build-isolation` where torch " +
                loaded + " is installed");
  }
}

}  // namespace ipip
