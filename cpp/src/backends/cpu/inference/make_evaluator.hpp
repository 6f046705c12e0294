// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "evaluator.hpp"
#include "model/model_file.hpp"

namespace ipip::cpu {

/// The evaluator of a student of an architecture that the kernels run.
/// @throws ipip::Error  `options.instruction_set` is not one that this processor runs
std::unique_ptr<Evaluator> make_evaluator(const ModelFile& file, const RunOptions& options);

}  // namespace ipip::cpu
