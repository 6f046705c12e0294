// SPDX-License-Identifier: MIT
// Whether the metadata, the arguments and the weights of a student agree.
#pragma once

#include <string>

#include "arrays.hpp"
#include "metadata.hpp"

namespace ipip {

/// Compares the metadata's fields with the arguments, and the names, types, shapes and some values
/// of the weights with both. For an unknown architecture it checks what every student has.
/// @param path  of the file, for messages
/// @throws ipip::Error  the first contradiction, with both values
void check_student_arrays(const Metadata& metadata, const Arrays& arrays, const std::string& path);

/// An argument of the architecture.
/// @throws ipip::Error  it is missing, or not an integer from 1 to 1 000 000, a text or a flag
std::int64_t integer_argument(const Metadata& metadata, const std::string& name);
std::string text_argument(const Metadata& metadata, const std::string& name);
bool flag_argument(const Metadata& metadata, const std::string& name);

}  // namespace ipip
