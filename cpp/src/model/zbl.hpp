// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>

#include "painn_model.hpp"

namespace ipip {

/// Half a pair's screened nuclear repulsion (`ipip.models.zbl`), eV, and its slope, eV/Å.
inline double zbl_pair(const PainnModel& model, std::size_t zi, std::size_t zj, double d,
                       double& slope) {
  const std::size_t pair = zi * static_cast<std::size_t>(model.n_species) + zj;
  slope = 0.0;
  if (!(d < model.reach[pair])) return d == d ? 0.0 : d;
  constexpr double kShare[4] = {0.18175, 0.50986, 0.28022, 0.02817};
  constexpr double kDecay[4] = {3.19980, 0.94229, 0.40290, 0.20162};
  const double a = model.inverse_length[pair];
  double screen = 0.0, screen_slope = 0.0;
  for (int k = 0; k < 4; ++k) {
    const double term = kShare[k] * std::exp(-kDecay[k] * a * d);
    screen += term;
    screen_slope -= kDecay[k] * a * term;
  }
  const double y = d / model.reach[pair];
  const double y5 = y * y * y * y * y;
  const double envelope = 1.0 + y5 * y * (-28.0 + y * (48.0 - 21.0 * y));
  const double envelope_slope = y5 * (-168.0 + y * (336.0 - 168.0 * y)) / model.reach[pair];
  const double factor = 0.5 * model.charges[pair] / d;
  slope = factor * (screen_slope * envelope + screen * envelope_slope - screen * envelope / d);
  return factor * screen * envelope;
}

}  // namespace ipip
