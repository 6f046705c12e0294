// SPDX-License-Identifier: MIT
// Reads the rows of a frame into columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ipip::dump {

/// What becomes of a column.
enum class Kind : std::uint8_t {
  number,  ///< a double
  text,    ///< an index into the column's list of words
  skip     ///< not read
};

/// Reads `count` rows.
///
/// @param rows text of the rows, each ended by a line feed
/// @param kinds of every column, in order
/// @param numbers [number columns, count]
/// @param codes [text columns, count]
/// @param words of each text column: its different words, which the codes index
/// Throws ipip::Error where a row has too few or too many words or one is not a number.
void read_rows(std::string_view rows, std::int64_t count, const std::vector<Kind>& kinds,
               double* numbers, std::int32_t* codes, std::vector<std::vector<std::string>>& words);

/// Whether the words of the first row are numbers, by column.
std::vector<bool> numeric_words(std::string_view rows);

}  // namespace ipip::dump
