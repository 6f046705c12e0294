// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "evaluator.hpp"
#include "model/model_file.hpp"

namespace ipip::cpu {

/// The fused evaluator of a student, or null with the reason why there is none.
/// @throws ipip::Error  `options.instruction_set` is not one that this processor runs
std::unique_ptr<Evaluator> make_evaluator(const ModelFile& file, const RunOptions& options,
                                          std::string& reason);

}  // namespace ipip::cpu
