// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>

namespace ipip {

/// Text of the metadata block inside the model file `path`.
/// @throws ipip::Error  the file is missing, not a TorchScript archive, cut off, or not a student
std::string read_metadata_text(const std::string& path);

/// The first telling line of what an exception of libtorch says.
std::string short_reason(const std::exception& error);

}  // namespace ipip
