// SPDX-License-Identifier: MIT
// Pairs of one step by receiver.
//
// No list by sender is needed: each pair occurs in both directions, on the ranks of both atoms
// where these differ.
#pragma once

#include <cstdint>

#include "buffer.hpp"
#include "ipip/export.hpp"
#include "ipip/student.hpp"
#include "kernels.hpp"

namespace ipip::cpu {

template <class T>
class IPIP_API PairLists {
 public:
  /// @param kernels of this processor
  /// @param cutoff  Å
  /// @param pieces  of the tables
  PairLists(const Kernels<T>& kernels, double cutoff, std::int64_t pieces)
      : kernels_(kernels),
        pieces_per_length_(static_cast<double>(pieces) / cutoff),
        pieces_(static_cast<std::int32_t>(pieces)) {}

  /// Reads the pairs of a step. Throws `ipip::Error` where pairs are not ordered by receiver or an
  /// index is out of range.
  void build(const Graph& graph, int threads);

  /// [n_local] rows of receivers; `other` is the sender.
  const PairRows<T>& receivers() const { return receivers_; }

  /// Pairs of the `rows` rows that have the most, among rows that follow each other.
  std::int64_t most_pairs(std::int64_t rows) const;

  double bytes() const;

 private:
  void count_receivers(const Graph& graph);

  const Kernels<T>& kernels_;
  double pieces_per_length_;
  std::int32_t pieces_;
  std::int64_t n_rows_ = 0;
  Buffer<std::int64_t> first_;
  Buffer<std::int32_t> other_, piece_;
  Buffer<T> fraction_, ux_, uy_, uz_;
  PairRows<T> receivers_;
};

}  // namespace ipip::cpu
