// SPDX-License-Identifier: MIT
// Do the metadata, the arguments and the weights of a student say the same?
#pragma once

#include <string>

#include "arrays.hpp"
#include "metadata.hpp"

namespace ipip {

/// Compares the metadata's fields with the arguments, and the names, types, shapes and some values
/// of the weights with both. Of an architecture that is not known here, with what every student
/// has.
/// @param path  of the file, for messages
/// @throws ipip::Error  the first contradiction, with both values
void check_student_arrays(const Metadata& metadata, const Arrays& arrays, const std::string& path);

/// An argument of the architecture.
/// @throws ipip::Error  there is none, or it is no integer from 1 to 1 000 000, no text, no flag
std::int64_t integer_argument(const Metadata& metadata, const std::string& name);
std::string text_argument(const Metadata& metadata, const std::string& name);
bool flag_argument(const Metadata& metadata, const std::string& name);

}  // namespace ipip
