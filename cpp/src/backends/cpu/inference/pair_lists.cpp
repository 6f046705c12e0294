// SPDX-License-Identifier: MIT
// e: pair, i: its receiver, j: its sender.
#include "pair_lists.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>

#include "ipip/error.hpp"

namespace ipip::cpu {

template <class T>
double PairLists<T>::bytes() const {
  return first_.bytes() + other_.bytes() + piece_.bytes() + fraction_.bytes() + ux_.bytes() +
         uy_.bytes() + uz_.bytes();
}

template <class T>
std::int64_t PairLists<T>::most_pairs(std::int64_t rows) const {
  const std::int64_t* first = first_.data();
  std::int64_t most = 0;
  for (std::int64_t i = 0; i < n_rows_; ++i) {
    most = std::max(most, first[std::min(i + rows, n_rows_)] - first[i]);
  }
  return most;
}

template <class T>
void PairLists<T>::build(const Graph& graph, int threads) {
  const std::size_t n_pairs = graph.receivers.size();
  if (n_pairs > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw Error("a rank has " + std::to_string(n_pairs) +
                " pairs, expected fewer than 2147483648: use more ranks");
  }
  n_rows_ = graph.n_local;
  first_.reserve(static_cast<std::size_t>(graph.n_local) + 1);
  for (Buffer<std::int32_t>* column : {&other_, &piece_}) column->reserve(n_pairs);
  for (Buffer<T>* column : {&fraction_, &ux_, &uy_, &uz_}) column->reserve(n_pairs);
  count_receivers(graph);
  constexpr std::int64_t kSlice = 16384;
  const auto n = static_cast<std::int64_t>(n_pairs);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::int64_t at = 0; at < n; at += kSlice) {
    kernels_.geometry(graph.vectors.data() + 3 * at, std::min(kSlice, n - at), pieces_per_length_,
                      pieces_, pieces_ + kDegree, piece_.data() + at, fraction_.data() + at,
                      ux_.data() + at, uy_.data() + at, uz_.data() + at);
  }
  receivers_ = {first_.data(), other_.data(), piece_.data(), fraction_.data(),
                ux_.data(),    uy_.data(),    uz_.data()};
}

template <class T>
void PairLists<T>::count_receivers(const Graph& graph) {
  const auto n_pairs = static_cast<std::int64_t>(graph.receivers.size());
  const auto n_total = static_cast<std::int64_t>(graph.species.size());
  std::int64_t* first = first_.data();
  std::int32_t* other = other_.data();
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

template class PairLists<float>;
template class PairLists<double>;

}  // namespace ipip::cpu
