// SPDX-License-Identifier: MIT
// A last frame whose last row no line feed ends: is it whole?
#pragma once

#include <cstdint>
#include <string_view>

#include "dump/frame_span.hpp"

namespace ipip::dump {

/// What is there of a last frame that no line feed ends.
enum class OpenEnd : std::uint8_t {
  cut,     ///< a row, a column or the end of a number is missing
  unsure,  ///< all columns of all rows are there, but digits of the last number may be missing
  whole    ///< nothing is missing
};

/// Looks at the end of a text that ends without a line feed.
///
/// Digits are missing neither where a blank follows the last number (LAMMPS writes one), nor where
/// it has as many decimals (three or more) as every other number of its column, nor where it has
/// six or more digits and none of them has more.
///
/// @param text ends with the rows of the frame
/// @param span its whole header
OpenEnd open_end(std::string_view text, const FrameSpan& span);

}  // namespace ipip::dump
