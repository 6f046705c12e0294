// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "ipip/export.hpp"

namespace ipip {

/// Version of libipip, as "major.minor.patch".
IPIP_API std::string version();

/// Digest of the headers that libipip was compiled with: code built with others cannot use it.
IPIP_API std::string headers();

/// Versions of torch, as "major.minor" and from old to new, that this ipip has a torch part for:
/// the files libipip_torch-<version>.so beside libipip.so.
IPIP_API std::vector<std::string> torch_parts();

/// Version of libtorch, as libtorch reports it, "major.minor.patch". If none is loaded, libipip
/// finds one (in ../torch/lib, or by LD_LIBRARY_PATH) and loads it.
/// @throws ipip::Error  there is no libtorch
IPIP_API std::string torch_version();

/// Loads the torch part that fits libtorch, which registers the operators of students and of
/// training with it. Kernels need none of it.
/// @throws ipip::Error  there is no libtorch, or no part that fits it
IPIP_API void require_torch_part();

}  // namespace ipip
