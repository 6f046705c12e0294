// SPDX-License-Identifier: MIT
// Tensor cores on the host, as coarse as the coarsest GPU: a factor counts to 10 bits after the
// leading one, and the addends of a sum lose what is below the 24th bit of the largest (Fasi et
// al., PeerJ Comput. Sci. 7, e330, 2021: no later GPU drops more).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "block.hpp"

namespace ipip::cuda {

constexpr bool kTensorCores = true;
constexpr std::uint32_t kBelowTf32 = 0x1fff;  // bits of a float that TF32 lacks

inline LanesOf<float> to_tf32(const LanesOf<float>& x) {
  return each_lane(
      [](float value) {
        const auto bits = std::bit_cast<std::uint32_t>(value);
        return std::bit_cast<float>((bits + (kBelowTf32 + 1) / 2) & ~kBelowTf32);
      },
      x);
}

// What a tensor core reads of a number.
inline double as_tf32(float x) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & ~kBelowTf32);
}

// Adds numbers, exact in float64, after cutting off their bits below the 24th of the largest; the
// sum is cut off in the same way.
template <int n>
float cut_sum(const double (&addends)[n]) {
  double largest = 0.0, sum = 0.0;
  for (const double x : addends) {
    largest = std::max(largest, std::abs(x));
    sum += x;
  }
  if (!(largest < HUGE_VAL) || std::isnan(sum)) return static_cast<float>(sum);
  constexpr double kTwoTo24 = 16777216.0, kSmallest = 1e-60;
  if (largest < kSmallest) return 0.0F;
  // The power of two at or below the largest, over 2^23, is what the last bit kept is worth.
  const double power =
      std::bit_cast<double>(std::bit_cast<std::uint64_t>(largest) & 0x7ff0000000000000U);
  const double scale = kTwoTo24 / 2.0 / power;
  std::int64_t whole = 0;
  for (const double x : addends) whole += static_cast<std::int64_t>(x * scale);
  std::int64_t last = 1;
  while (std::abs(whole) / last >= static_cast<std::int64_t>(kTwoTo24)) last *= 2;
  return static_cast<float>(static_cast<double>(whole / last * last) / scale);
}

inline void add_tf32(LanesOf<float> (&sums)[4], const LanesOf<float> (&a)[4],
                     const LanesOf<float> (&b)[2]) {
  double left[16][8], right[8][8];
  for (int k = 0; k < kLanes; ++k) {
    const int g = k / 4, t = k % 4;
    for (int n = 0; n < 4; ++n) left[g + n % 2 * 8][t + n / 2 * 4] = as_tf32(a[n].of[k]);
    for (int n = 0; n < 2; ++n) right[t + n * 4][g] = as_tf32(b[n].of[k]);
  }
  for (int k = 0; k < kLanes; ++k) {
    for (int n = 0; n < 4; ++n) {
      const int row = k / 4 + n / 2 * 8, column = k % 4 * 2 + n % 2;
      double addends[9] = {sums[n].of[k]};
      for (int m = 0; m < 8; ++m) addends[m + 1] = left[row][m] * right[m][column];
      sums[n].of[k] = cut_sum(addends);
    }
  }
}

}  // namespace ipip::cuda
