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

/// Version of the libtorch that is loaded, as libtorch itself tells it, "major.minor.patch". Loads
/// it, with libipip_torch.so.
/// @throws ipip::Error  it cannot be loaded
IPIP_API std::string torch_version_loaded();

/// Loads libipip_torch.so, which registers the operators of students and of training with libtorch.
/// Kernels need none of it.
/// @throws ipip::Error  it cannot be loaded, or libtorch is not the one it was compiled for
IPIP_API void require_matching_torch();

}  // namespace ipip
