// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "ipip/export.hpp"

namespace ipip {

/// Version of libipip, as "major.minor.patch".
IPIP_API std::string version();

/// Digest of the headers that libipip was compiled with: what includes others cannot use it.
IPIP_API std::string headers();

/// Version of libtorch that libipip was compiled for, as "major.minor.patch".
IPIP_API std::string torch_version_built();

/// Version of the libtorch that is loaded, as libtorch itself tells it, "major.minor.patch".
IPIP_API std::string torch_version_loaded();

/// Throws `ipip::Error` when the loaded libtorch is not the one libipip was compiled for.
IPIP_API void require_matching_torch();

}  // namespace ipip
