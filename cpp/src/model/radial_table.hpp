// SPDX-License-Identifier: MIT
// Radial filters times envelope, and the splines that stand for them.
#pragma once

#include <cstdint>
#include <vector>

#include "ipip/export.hpp"

namespace ipip {

/// w_o(d) = envelope(d) (sum_k weight[o, k] basis_k(d) + bias[o]), as ipip.models.radial has it.
struct RadialFilter {
  bool gaussian = false;        ///< basis exp(-(d - offset)^2 / 2 width^2), else sin(offset d) / d
  bool cosine = false;          ///< envelope (1 + cos(pi x)) / 2, else the polynomial, p = 6
  double cutoff = 0.0;          ///< Å
  std::vector<double> offsets;  ///< [n_basis] Å, or 1/Å
  std::vector<double> widths;   ///< [n_basis] Å
  std::vector<double> weight;   ///< [n_out, n_basis]
  std::vector<double> bias;     ///< [n_out]

  /// Values and slopes [n_out] at d (Å). Smooth on both sides of 0 and of the cutoff: the envelope
  /// is not cut here, so that a spline sees no kink.
  void evaluate(double d, double* values, double* slopes) const;
};

/// Quintic spline through a filter at equidistant nodes, as B-spline coefficients in float64.
struct RadialTable {
  std::int64_t pieces = 0;
  double error = 0.0;                ///< largest error of value or slope over the largest of each
  std::vector<double> coefficients;  ///< [pieces + kDegree, n_out]
};

/// The table with the fewest pieces whose error is at most `target`, or the finest there is.
IPIP_API RadialTable tabulate(const RadialFilter& filter, double target);

/// The same with a given number of pieces.
RadialTable tabulate_pieces(const RadialFilter& filter, std::int64_t pieces);

}  // namespace ipip
