// SPDX-License-Identifier: MIT
#include "dump/box.hpp"

#include <algorithm>

#include "ipip/error.hpp"

namespace ipip::dump {

Box box_of(const FrameSpan& span) {
  Box box;
  std::string shown;
  std::array<bool, 3> periodic{};
  std::size_t flags = 0;
  bool vectors = false;
  for (const std::string& word : span.box) {
    shown += (shown.empty() ? "" : " ") + word;
    vectors = vectors || word == "abc";
    if (word.size() != 2 || word.find_first_not_of("pfsm") != std::string::npos) continue;
    if (flags < 3) periodic[flags] = word == "pp";
    ++flags;
  }
  if (flags == 3) box.pbc = periodic;
  const auto width = static_cast<std::size_t>(span.bounds_width);
  const double* const bounds = span.bounds.data();
  if (vectors != (width == 4)) {
    throw Error("box " + shown + " with " + std::to_string(width) + " numbers a line is unknown");
  }
  if (vectors) {
    for (std::size_t k = 0; k < 3; ++k) {
      std::copy_n(bounds + 4 * k, 3, box.cell.begin() + static_cast<std::ptrdiff_t>(3 * k));
      box.origin[k] = bounds[4 * k + 3];
    }
    return box;
  }
  const double xy = width == 3 ? bounds[2] : 0.0;
  const double xz = width == 3 ? bounds[5] : 0.0;
  const double yz = width == 3 ? bounds[8] : 0.0;
  std::array<double, 3> high{};
  for (std::size_t k = 0; k < 3; ++k) {
    box.origin[k] = bounds[width * k];
    high[k] = bounds[width * k + 1];
  }
  box.origin[0] -= std::min({0.0, xy, xz, xy + xz});
  high[0] -= std::max({0.0, xy, xz, xy + xz});
  box.origin[1] -= std::min(0.0, yz);
  high[1] -= std::max(0.0, yz);
  box.cell = {high[0] - box.origin[0], 0.0, 0.0, xy, high[1] - box.origin[1], 0.0, xz, yz,
              high[2] - box.origin[2]};
  return box;
}

void place_atoms(const Box& box, bool scaled, std::int64_t count, const double* stored,
                 const double* images, double* positions) {
  const std::array<double, 9>& h = box.cell;
  for (std::int64_t atom = 0; atom < count; ++atom) {
    const double* const s = stored + 3 * atom;
    double* const r = positions + 3 * atom;
    for (std::size_t k = 0; k < 3; ++k) {
      double value =
          scaled ? s[0] * h[k] + s[1] * h[3 + k] + s[2] * h[6 + k] + box.origin[k] : s[k];
      if (images != nullptr) {
        const double* const n = images + 3 * atom;
        value += n[0] * h[k] + n[1] * h[3 + k] + n[2] * h[6 + k];
      }
      r[k] = value;
    }
  }
}

}  // namespace ipip::dump
