// SPDX-License-Identifier: MIT
// Text from a file made fit to print.
#pragma once

#include <string>
#include <string_view>

namespace ipip {

/// Whether a text is UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

/// The text as one short line of UTF-8: other bytes become question marks, control characters
/// blanks.
std::string printable(std::string_view text);

}  // namespace ipip
