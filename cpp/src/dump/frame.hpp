// SPDX-License-Identifier: MIT
// What is requested from a dump, and what it contains.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "dump/box.hpp"
#include "dump/memory_pool.hpp"
#include "dump/rows.hpp"

namespace ipip::dump {

/// What to read.
struct Request {
  std::optional<std::set<std::string>> columns;           ///< further ones; none: all
  std::map<std::string, std::int64_t> numbers;            ///< atomic number of each symbol
  std::optional<std::vector<std::string>> symbols;        ///< element of each type
  std::vector<std::int64_t> numbers_of_types;             ///< the same as atomic numbers
  std::optional<std::unordered_set<std::int64_t>> steps;  ///< of frames to read; none: all
  Instructions instructions = Instructions::plain;
  bool whole = false;  ///< a last row with all its columns counts without a final line feed
};

/// Which array of a frame a column is in.
enum class Source : std::uint8_t { ids, types, positions, images, forces, others };

/// Where to find a column.
struct ColumnPlace {
  std::string name;
  Source source;
  int index;  ///< of the column in its array

  bool operator==(const ColumnPlace&) const = default;
};

/// A frame, atoms in the order of their ids. Units and shapes are those of the text.
struct Frame {
  std::int64_t count = 0;  ///< atoms
  Box box;
  std::shared_ptr<const std::vector<ColumnPlace>> places;
  Memory<std::int64_t> ids, types;  ///< [count]
  Memory<std::int64_t> numbers;     ///< [count] atomic numbers, where they are known
  Memory<double> stored;            ///< [count, 3] positions as they stand in the text
  Memory<double> positions;         ///< [count, 3] where they differ from the text
  Memory<double> images, forces;    ///< [count, 3]
  Memory<double> others;            ///< [count, n_others]
  std::int64_t n_others = 0;
  bool unwrapped = false;
  bool default_element = false;  ///< several types, all of them C
};

/// What a place of a dump holds.
struct Item {
  enum class Kind : std::uint8_t {
    frame,     ///< one that was read
    left_out,  ///< one of a step that is not requested
    broken,    ///< one that is cut off, after which another one begins
    cut_off,   ///< the last one, which is cut off
    unsure,    ///< the last one, of which no more than digits of its last number may be missing
    wrong      ///< something that cannot be read; nothing follows
  };
  Kind kind = Kind::frame;
  std::int64_t step = 0;
  std::string units;           ///< where the text names them here
  std::optional<double> time;  ///< in these units
  /// Bytes of text before it, and before the next item. For a last frame without a line feed they
  /// are the same: it is read again where the text continues.
  std::size_t begin = 0, end = 0;
  Frame frame;        ///< of `frame`
  std::string error;  ///< of `wrong`: what is wrong
};

}  // namespace ipip::dump
