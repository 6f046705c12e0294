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

/// How rows are read and where they go.
struct Rows {
  std::int64_t count = 0;         ///< rows
  std::vector<Kind> kinds;        ///< of every column, in order
  int id = -1;                    ///< which of the number columns holds the atoms' ids; -1: none
  double* numbers = nullptr;      ///< [number columns, count]
  std::int32_t* codes = nullptr;  ///< [text columns, count]
  std::vector<std::vector<std::string>> words;  ///< of each text column: what its codes index
};

/// Reads `rows.count` rows that `text` begins with; each is ended by a line feed. Where the ids are
/// 1 ... count, each once, the atom with id k goes to place k - 1; else rows stay in their order.
///
/// Returns whether the atoms are in the order of their ids.
/// Throws ipip::Error where a row has too few or too many words or one is not a number.
bool read_rows(std::string_view text, Rows& rows);

/// Whether the words of the first row are numbers, by column.
std::vector<bool> numeric_words(std::string_view rows);

}  // namespace ipip::dump
