// SPDX-License-Identifier: MIT
// Pairs of one step by receiver, and those that halo rows send by sender.
//
// A local row needs no list of what it sends: each pair of local rows is there in both directions.
#pragma once

#include <cstdint>

#include "buffer.hpp"
#include "ipip/student.hpp"
#include "kernels.hpp"

namespace ipip::fused {

template <class T>
class PairLists {
 public:
  /// @param kernels    of this processor
  /// @param cutoff     Å
  /// @param pieces     of the tables
  /// @param by_sender  whether rows of halo senders are wanted
  PairLists(const Kernels<T>& kernels, double cutoff, std::int64_t pieces, bool by_sender)
      : kernels_(kernels),
        pieces_per_length_(static_cast<double>(pieces) / cutoff),
        pieces_(static_cast<std::int32_t>(pieces)),
        by_sender_(by_sender) {}

  /// Takes the pairs of a step. Throws `ipip::Error` where pairs are not ordered by receiver or an
  /// index is out of range.
  void build(const Graph& graph, int threads);

  /// [n_local] rows of receivers; `other` is the sender.
  const PairRows<T>& receivers() const { return receivers_; }
  /// Rows n_local to n_total of halo senders; `other` is the receiver.
  const PairRows<T>& halo_senders() const { return halo_senders_; }

  double bytes() const;

 private:
  struct Columns {
    Buffer<std::int64_t> first;
    Buffer<std::int32_t> place, other, piece;
    Buffer<T> fraction, ux, uy, uz;
    PairRows<T> rows() const {
      return {first.data(),    place.data(), other.data(), piece.data(),
              fraction.data(), ux.data(),    uy.data(),    uz.data()};
    }
    void reserve(std::size_t n_rows, std::size_t n_pairs);
    double bytes() const;
  };

  void count_receivers(const Graph& graph);
  void sort_by_halo_sender(const Graph& graph);

  const Kernels<T>& kernels_;
  double pieces_per_length_;
  std::int32_t pieces_;
  bool by_sender_;
  Columns by_receiver_columns_, by_halo_sender_columns_;
  PairRows<T> receivers_, halo_senders_;
};

}  // namespace ipip::fused
