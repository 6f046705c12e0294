// SPDX-License-Identifier: MIT
// A bias energy that drives atoms to where their student is uncertain.
//
// V_i = A (exp(-u_i^2 / B^2) - 1) of an atom with score u_i (model/uncertainty.hpp): from nearly 0
// for known surroundings to -A for unknown ones, where its force ends. The form of Kulichenko et
// al., Nat. Comput. Sci. 3, 230 (2023), with u_i^2 in place of their committee's variance of the
// energy for each atom.
#pragma once

#include <cmath>

#include "ipip/student.hpp"

namespace ipip {

/// Bias energy of an atom, and how it changes with its score.
struct BiasOfAtom {
  double energy = 0.0;  ///< eV, -A to 0
  double slope = 0.0;   ///< eV, dV/d(u^2) * 2: times W_z^T W_z (h - m_z) it is dV/dh
};

/// @param squared  u^2; infinite or NaN values count as beyond the bias
inline BiasOfAtom bias_of(const Bias& bias, double squared) {
  const double relative = squared / (bias.width * bias.width);
  if (!(relative < 700.0)) return {-bias.energy, 0.0};
  const double decay = std::exp(-relative);
  return {bias.energy * std::expm1(-relative),
          -2.0 * bias.energy * decay / (bias.width * bias.width)};
}

}  // namespace ipip
