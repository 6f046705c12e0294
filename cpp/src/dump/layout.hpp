// SPDX-License-Identifier: MIT
// The meaning of each column of a dump.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ipip::dump {

/// Three columns.
using Triple = std::array<int, 3>;

/// Columns of a dump that are read, by their index in a row; -1: none.
struct Layout {
  std::vector<std::string> names;  ///< of all columns
  int id = -1;
  int type = -1;
  int element = -1;  ///< words: `element`, else `typelabel`
  Triple positions{};
  bool scaled = false;           ///< positions are multiples of the lattice vectors
  bool unwrapped = false;        ///< positions are unwrapped already
  std::optional<Triple> images;  ///< image flags, if needed or requested
  std::optional<Triple> forces;
  std::vector<int> further;  ///< further columns requested
  std::vector<int> others;   ///< the numeric ones among them
};

/// Finds the columns in the names after "ITEM: ATOMS".
///
/// @param wanted names of further columns to read; none: all of them
/// @param typed whether elements follow from types, so that words are not needed
/// @param rows first row or more, see `numbers_among`
/// Throws ipip::Error where there are no positions.
Layout layout_of(std::string_view names, const std::optional<std::set<std::string>>& wanted,
                 bool typed, std::string_view rows);

/// Which of some columns hold numbers: the first row decides. All of them where there is no row.
std::vector<int> numbers_among(const std::vector<int>& columns, std::string_view rows);

}  // namespace ipip::dump
