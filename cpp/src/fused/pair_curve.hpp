// SPDX-License-Identifier: MIT
// The energy of two atoms by their distance.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "../evaluator.hpp"

namespace ipip::fused {

/// Piecewise polynomials in float64 through energies and slopes of a network. The energy is of
/// degree 7 on each piece, by values and slopes at the four nodes around it: it and its slope are
/// continuous.
class PairCurve {
 public:
  /// Distances at which there is a curve: [kLowest, cutoff).
  static constexpr double kLowest = 0.5;  // Å

  /// @param network  of atoms of species a and b
  /// @param cutoff   Å
  /// @param target   for the largest error between nodes: of the energy over the largest energy, of
  ///                 the slope over the mean slope
  PairCurve(Evaluator& network, std::int64_t a, std::int64_t b, double cutoff, double target);

  /// Whether the error is at most its target.
  bool holds() const { return holds_; }

  /// eV and eV/Å at a distance (Å).
  struct Point {
    double energy;  ///< of both atoms
    double split;   ///< energy of atom a less that of atom b
    double slope;   ///< of the energy of both
  };
  Point at(double distance) const;

  double bytes() const { return static_cast<double>(pieces_.size() * sizeof(Piece)); }

 private:
  struct Piece {
    std::array<double, 8> energy;
    std::array<double, 4> split;
  };
  void fit(const std::vector<Point>& nodes);

  bool holds_ = false;
  double length_ = 0.0;  // of a piece, Å
  std::vector<Piece> pieces_;
};

}  // namespace ipip::fused
