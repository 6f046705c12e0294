// SPDX-License-Identifier: MIT
// The screened nuclear repulsion of model/zbl.hpp, a lane a pair.
#pragma once

#include "block.hpp"

namespace ipip::cuda {

/// Half of each pair's energy, eV, and its slope, eV/Å.
struct CorePairs {
  Lanes<double> energy, slope;

  IPIP_DEVICE CorePairs(const Core& core, int z_i, Lanes<int> z_j, Lanes<double> d,
                        Lanes<bool> there) {
    const Lanes<std::int64_t> pair =
        convert<std::int64_t>(z_j) + std::int64_t(z_i) * core.n_species;
    const Lanes<double> reach = gather(core.reach, pair, there);
    const Lanes<double> a = gather(core.inverse_length, pair, there);
    const Lanes<double> charges = gather(core.charges, pair, there);
    // A NaN distance shows in the energy.
    const Lanes<bool> far = each_lane(
        [](bool t, double r, double length) { return !t || length >= r; }, there, reach, d);
    Lanes<double> screen = 0.0, screen_slope = 0.0;
    constexpr double kShare[4] = {0.18175, 0.50986, 0.28022, 0.02817};
    constexpr double kDecay[4] = {3.19980, 0.94229, 0.40290, 0.20162};
    for (int k = 0; k < 4; ++k) {
      const double share = kShare[k], decay = kDecay[k];
      const Lanes<double> term =
          each_lane([=](double inverse,
                        double length) { return share * exponential(-decay * inverse * length); },
                    a, d);
      screen += term;
      screen_slope -= decay * a * term;
    }
    const Lanes<double> y = d / reach, y5 = y * y * y * y * y;
    const Lanes<double> envelope = 1.0 + y5 * y * (-28.0 + y * (48.0 - 21.0 * y));
    const Lanes<double> envelope_slope = y5 * (-168.0 + y * (336.0 - 168.0 * y)) / reach;
    const Lanes<double> factor = 0.5 * charges / d;
    slope = select(
        far, Lanes<double>(0.0),
        factor * (screen_slope * envelope + screen * envelope_slope - screen * envelope / d));
    energy = select(far, Lanes<double>(0.0), factor * screen * envelope);
  }
};

}  // namespace ipip::cuda
