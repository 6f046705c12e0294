// SPDX-License-Identifier: MIT
// Which columns of a row are converted together, four at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "dump/rows.hpp"

namespace ipip::dump {

/// Up to four adjacent numbers that go to adjacent places; or up to three, and an integer from
/// anywhere in the row, at no extra cost.
struct Quad {
  std::int64_t first = 0;  ///< column
  int count = 0;
  double* to = nullptr;
  std::int64_t stride = 0;
  std::int64_t fourth = -1;          ///< column of the integer; -1: none
  std::int64_t* integers = nullptr;  ///< where it goes
};

/// Which columns are read together, and which are read alone.
struct Plan {
  std::vector<Quad> quads;             ///< one that holds the id comes first
  std::vector<std::int64_t> integers;  ///< columns
  std::int64_t text = -1;              ///< column
  bool id_first = false;               ///< the first of the quads holds the id
};

/// Finds the quads: numbers first, then integers (the id before others) in places that are left.
Plan plan_for(const Rows& rows);

}  // namespace ipip::dump
