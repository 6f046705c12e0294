// SPDX-License-Identifier: MIT
// Which backends there are, and which students they run.
#pragma once

#include <string>

#include "ipip/export.hpp"

namespace ipip {

/// A name as it is today: "kernels" for the old "fused"; any other text as it is.
IPIP_API std::string current_backend_name(const std::string& name);

/// The name of a backend: "auto", "kernels" or "torchscript". Old names are understood.
/// @throws ipip::Error  there is none of this name
IPIP_API std::string backend_name(const std::string& name);

/// Why the kernels do not run students of an architecture, or an empty text where they do.
/// Everything that has to know decides by this: `make_backend`, Python, and the estimate of a run's
/// cost.
IPIP_API std::string kernels_refusal(const std::string& architecture);

/// The same of training.
/// @param device  as torch names it, where the student is
IPIP_API std::string training_refusal(const std::string& architecture, const std::string& device);

}  // namespace ipip
