// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "backend.hpp"
#include "ipip/student.hpp"
#include "model/model_file.hpp"

namespace ipip {

/// The hand-written kernels for the CPU, for a student of an architecture that they run.
/// @throws ipip::Error  `options.instruction_set` is not one that this processor runs
std::unique_ptr<Backend> make_cpu_backend(const ModelFile& file, const RunOptions& options);

}  // namespace ipip
