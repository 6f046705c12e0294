// SPDX-License-Identifier: MIT
// Whether a last frame without a final line feed is complete.
#pragma once

#include <cstdint>
#include <string_view>

#include "dump/frame_span.hpp"

namespace ipip::dump {

/// How much there is of a last frame without a final line feed.
enum class OpenEnd : std::uint8_t {
  cut,     ///< a row, a column or the end of a number is missing
  unsure,  ///< all columns of all rows are there, but digits of the last number may be missing
  whole    ///< nothing is missing
};

/// Examines the end of a text without a final line feed.
///
/// No digits are missing if a blank follows the last number (LAMMPS writes one), if it has as many
/// decimals (three or more) as every other number of its column, or if it has six or more digits
/// and no other has more.
///
/// @param text ends with the rows of the frame
/// @param span its complete header
OpenEnd open_end(std::string_view text, const FrameSpan& span);

}  // namespace ipip::dump
