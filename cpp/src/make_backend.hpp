// SPDX-License-Identifier: MIT
// The one place that knows which backends there are.
#pragma once

#include <memory>

#include "backend.hpp"
#include "ipip/student.hpp"
#include "model/model_file.hpp"

namespace ipip {

/// Makes the backend of a student.
/// @param file     the student
/// @param options  whose backend may be auto or an old name
/// @throws ipip::Error  the backend is unknown, does not run the student or does not have the
///                      device; or another option is wrong
std::unique_ptr<Backend> make_backend(const ModelFile& file, const RunOptions& options);

/// Checks what must be available before a file is read, so that the file's faults are reported
/// after it.
/// @throws ipip::Error  the backend is unknown, or its library cannot be loaded
void prepare_backend(const std::string& backend);

}  // namespace ipip
