// SPDX-License-Identifier: MIT
// Pairs of a step among candidates in main memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ipip/student.hpp"

namespace ipip::cpu {

/// Buffers grow to the number of candidates and stay, so that steps between two lists take no
/// memory.
class CandidatePairs {
 public:
  /// Sets candidates, which stay unchanged until the next call.
  void assign(const Candidates& candidates);

  /// Pairs closer than the cutoff.
  /// @param points [n_points, 3] Å
  /// @param cutoff Å
  const Graph& collect(const double* points, double cutoff);

  /// Smallest distance of each pair of types in the last step, the cutoff if none is closer.
  /// @param out [n_kinds] Å
  void closest(std::vector<double>& out) const;

  /// Frees the buffers.
  void release();

  double bytes() const;

 private:
  void make_room(std::size_t n, std::size_t more);

  const Candidates* candidates_ = nullptr;
  Graph graph_;
  std::vector<double> closest_squared_;  // [n_types, n_types] by types of receiver and neighbour
};

}  // namespace ipip::cpu
