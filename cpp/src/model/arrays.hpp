// SPDX-License-Identifier: MIT
// Named arrays of numbers: a student's weights as plain data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ipip {

/// Types of numbers that weights have.
enum class Number { float32, float64 };

/// An array in row-major order.
struct Array {
  Number number = Number::float32;
  std::vector<std::int64_t> shape;
  std::string bytes;  ///< little-endian

  std::int64_t size() const;
  /// All numbers as float64.
  std::vector<double> values() const;
};

/// By name, in the order of the names: "readout.0.weight".
using Arrays = std::map<std::string, Array>;

constexpr std::int64_t bytes_of(Number number) {
  return number == Number::float32 ? 4 : 8;
}

/// "float32" or "float64".
const char* name_of(Number number);

/// "(3, 64)", as Python writes a tuple.
std::string shape_text(const std::vector<std::int64_t>& shape);

/// Numbers of an array of this shape.
/// @throws ipip::Error  a negative extent, more than eight, or more bytes than `most_bytes`
std::int64_t checked_size(const std::vector<std::int64_t>& shape, Number number,
                          std::uint64_t most_bytes);

/// "sha256:..." over names, types, shapes and bytes, as `ipip.export.weights_digest` has it.
std::string digest_of(const Arrays& arrays);

}  // namespace ipip
