// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "ipip/student.hpp"

namespace ipip {

/// Checks every field of the metadata block `ipip.json` of the file `path`.
/// @throws ipip::Error  the first wrong field: its value, what was expected and what to do
StudentInfo parse_metadata(std::string_view text, const std::string& path);

}  // namespace ipip
