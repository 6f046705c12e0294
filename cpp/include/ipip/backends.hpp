// SPDX-License-Identifier: MIT
// Which backends there are, and which students they run.
#pragma once

#include <string>

#include "ipip/export.hpp"

namespace ipip {

/// The current name of a backend: "kernels" for the old "fused"; any other text unchanged.
IPIP_API std::string current_backend_name(const std::string& name);

/// The name of a backend: "auto", "kernels" or "torchscript". Old names are accepted.
/// @throws ipip::Error  there is no backend of this name
IPIP_API std::string backend_name(const std::string& name);

/// Why the kernels do not run students of an architecture, or an empty text where they do.
/// `make_backend`, Python and the estimate of a run's cost all decide by this.
IPIP_API std::string kernels_refusal(const std::string& architecture);

/// The same for training.
/// @param device  the student's device, as torch names it
IPIP_API std::string training_refusal(const std::string& architecture, const std::string& device);

}  // namespace ipip
