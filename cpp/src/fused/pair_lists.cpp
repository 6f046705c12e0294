// SPDX-License-Identifier: MIT
// e: pair in the receivers' order, p: its place in the order of halo senders.
#include "pair_lists.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>

#include "ipip/error.hpp"

namespace ipip::fused {

template <class T>
void PairLists<T>::Columns::reserve(std::size_t n_rows, std::size_t n_pairs) {
  first.reserve(n_rows + 1);
  other.reserve(n_pairs);
  piece.reserve(n_pairs);
  fraction.reserve(n_pairs);
  ux.reserve(n_pairs);
  uy.reserve(n_pairs);
  uz.reserve(n_pairs);
}

template <class T>
double PairLists<T>::Columns::bytes() const {
  return first.bytes() + place.bytes() + other.bytes() + piece.bytes() + fraction.bytes() +
         ux.bytes() + uy.bytes() + uz.bytes();
}

template <class T>
double PairLists<T>::bytes() const {
  return by_receiver_columns_.bytes() + by_halo_sender_columns_.bytes();
}

template <class T>
void PairLists<T>::build(const Graph& graph, int threads) {
  const std::size_t n_pairs = graph.receivers.size(), n_total = graph.species.size();
  if (n_pairs > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw Error("a rank has " + std::to_string(n_pairs) +
                " pairs, expected fewer than 2147483648: use more ranks");
  }
  Columns& columns = by_receiver_columns_;
  columns.reserve(static_cast<std::size_t>(graph.n_local), n_pairs);
  count_receivers(graph);
  constexpr std::int64_t kSlice = 16384;
  const auto n = static_cast<std::int64_t>(n_pairs);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::int64_t at = 0; at < n; at += kSlice) {
    kernels_.geometry(graph.vectors.data() + 3 * at, std::min(kSlice, n - at), pieces_per_length_,
                      pieces_, pieces_ + kDegree, columns.piece.data() + at,
                      columns.fraction.data() + at, columns.ux.data() + at, columns.uy.data() + at,
                      columns.uz.data() + at);
  }
  receivers_ = columns.rows();
  if (by_sender_ && static_cast<std::int64_t>(n_total) > graph.n_local) sort_by_halo_sender(graph);
}

template <class T>
void PairLists<T>::count_receivers(const Graph& graph) {
  const auto n_pairs = static_cast<std::int64_t>(graph.receivers.size());
  const auto n_total = static_cast<std::int64_t>(graph.species.size());
  std::int64_t* first = by_receiver_columns_.first.data();
  std::int32_t* other = by_receiver_columns_.other.data();
  std::int64_t row = 0;
  first[0] = 0;
  for (std::int64_t e = 0; e < n_pairs; ++e) {
    const std::int64_t i = graph.receivers[e], j = graph.neighbours[e];
    if (i < row || i >= graph.n_local || j < 0 || j >= n_total) {
      throw Error("pair " + std::to_string(e) + " goes from row " + std::to_string(i) + " to row " +
                  std::to_string(j) +
                  ": expected pairs ordered by receivers, which are local rows (" +
                  std::to_string(graph.n_local) + "), and neighbours among " +
                  std::to_string(n_total) + " rows");
    }
    while (row < i) first[++row] = e;
    other[e] = static_cast<std::int32_t>(j);
  }
  while (row < graph.n_local) first[++row] = n_pairs;
}

template <class T>
void PairLists<T>::sort_by_halo_sender(const Graph& graph) {
  const std::int64_t n_local = graph.n_local;
  const auto n_total = static_cast<std::int64_t>(graph.species.size());
  const Columns& from = by_receiver_columns_;
  Columns& to = by_halo_sender_columns_;
  const std::int64_t n_pairs = from.first.data()[n_local];
  const std::int32_t* sender = from.other.data();
  to.first.reserve(static_cast<std::size_t>(n_total) + 1);
  std::int64_t* first = to.first.data();
  std::fill(first + n_local, first + n_total + 1, 0);
  for (std::int64_t e = 0; e < n_pairs; ++e) {
    if (sender[e] >= n_local) ++first[sender[e]];
  }
  std::int64_t before = 0;
  for (std::int64_t j = n_local; j <= n_total; ++j) {
    const std::int64_t count = j < n_total ? first[j] : 0;
    first[j] = before;
    before += count;
  }
  to.reserve(static_cast<std::size_t>(n_total), static_cast<std::size_t>(before));
  to.place.reserve(static_cast<std::size_t>(before));
  // `first[j]` runs to the end of its row while that is filled, then steps back by one row.
  for (std::int64_t i = 0; i < n_local; ++i) {
    for (std::int64_t e = from.first.data()[i]; e < from.first.data()[i + 1]; ++e) {
      if (sender[e] < n_local) continue;
      const std::int64_t p = first[sender[e]]++;
      to.place.data()[p] = static_cast<std::int32_t>(e);
      to.other.data()[p] = static_cast<std::int32_t>(i);
      to.piece.data()[p] = from.piece.data()[e];
      to.fraction.data()[p] = from.fraction.data()[e];
      to.ux.data()[p] = from.ux.data()[e];
      to.uy.data()[p] = from.uy.data()[e];
      to.uz.data()[p] = from.uz.data()[e];
    }
  }
  for (std::int64_t j = n_total; j > n_local; --j) first[j] = first[j - 1];
  first[n_local] = 0;
  halo_senders_ = to.rows();
}

template class PairLists<float>;
template class PairLists<double>;

}  // namespace ipip::fused
