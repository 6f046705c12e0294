// SPDX-License-Identifier: MIT
// Candidate pairs that stay on a device between rebuilds of the neighbour list.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "ipip/student.hpp"

namespace ipip {

/// Pairs of one step, on the student's device.
struct StepPairs {
  torch::Tensor edge_index;  ///< [2, n_pairs] int64: receiving row, neighbour's row
  torch::Tensor vectors;     ///< [n_pairs, 3] float64 Å
  torch::Tensor closest;     ///< [n_kinds] float64 Å; empty unless requested
};

class ResidentPairs {
 public:
  explicit ResidentPairs(torch::Device device) : device_(device) {}

  /// Copies candidates to the device.
  void assign(const Candidates& candidates);

  /// Pairs closer than the cutoff, for points in main memory.
  StepPairs collect(const double* points, double cutoff) const;

  const torch::Tensor& species() const { return species_; }
  std::int64_t n_local() const { return n_local_; }
  std::int64_t n_total() const { return species_.size(0); }

  /// Bytes in main memory; 0 for a device with separate memory.
  double host_bytes() const;

 private:
  torch::Device device_;
  std::int64_t n_local_ = 0;
  std::int64_t n_kinds_ = 0;
  std::int64_t n_points_ = 0;
  torch::Tensor species_ = torch::empty({0}, torch::kInt64);  // [n_total]
  torch::Tensor rows_;                                        // [2, n_candidates]
  torch::Tensor from_, to_, kinds_;                           // [n_candidates]
};

}  // namespace ipip
