// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "backend.hpp"
#include "ipip/student.hpp"
#include "model/model_file.hpp"

namespace ipip {

/// The hand-written kernels for a student, which read numbers only; or null with the reason why
/// there are none.
/// @throws ipip::Error  `options.instruction_set` is not one that this processor runs
std::unique_ptr<Backend> make_cpu_backend(const ModelFile& file, const RunOptions& options,
                                          std::string& reason);

/// Why the kernels do not run a student on the cpu, or an empty text where they do.
std::string cpu_refusal(const Metadata& metadata);

}  // namespace ipip
