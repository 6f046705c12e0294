// SPDX-License-Identifier: MIT
// Widths of matrices, padded to a multiple that kernels need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ipip {

template <std::int64_t multiple>
constexpr std::int64_t padded_to(std::int64_t width) {
  return (width + multiple - 1) / multiple * multiple;
}

/// A side of a matrix: parts of equal width, in the order in which they are read, each padded.
template <std::int64_t multiple>
struct PaddedSide {
  std::vector<int> parts;
  std::int64_t width;
  std::int64_t size() const {
    return static_cast<std::int64_t>(parts.size()) * padded_to<multiple>(width);
  }
  /// Calls f(place in the padded side, index in the original one).
  template <class F>
  void each(F&& f) const {
    for (std::size_t p = 0; p < parts.size(); ++p) {
      for (std::int64_t c = 0; c < width; ++c) {
        f(static_cast<std::int64_t>(p) * padded_to<multiple>(width) + c, parts[p] * width + c);
      }
    }
  }
};

}  // namespace ipip
