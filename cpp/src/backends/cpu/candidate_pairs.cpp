// SPDX-License-Identifier: MIT
// i: receiving row, p: point of its neighbour, n: pair.
#include "candidate_pairs.hpp"

#include <algorithm>
#include <cmath>

namespace ipip::cpu {

void CandidatePairs::assign(const Candidates& candidates) {
  candidates_ = &candidates;
  graph_.n_local = candidates.n_local();
  graph_.species = candidates.species;
}

const Graph& CandidatePairs::collect(const double* points, double cutoff) {
  const double cutoff_squared = cutoff * cutoff;
  const Candidates& all = *candidates_;
  const auto n_types = static_cast<std::size_t>(all.n_types);
  closest_squared_.assign(n_types * n_types, cutoff_squared);
  std::size_t n = 0;
  for (std::int64_t i = 0; i < graph_.n_local; ++i) {
    const std::int64_t last = all.first[i + 1];
    make_room(n, static_cast<std::size_t>(last - all.first[i]));
    std::int64_t* receivers = graph_.receivers.data();
    std::int64_t* neighbours = graph_.neighbours.data();
    double* vectors = graph_.vectors.data();
    const auto centre = static_cast<std::size_t>(all.centres[i]);
    double* closest = closest_squared_.data() + n_types * all.types[centre];
    const double here[3] = {points[3 * centre], points[3 * centre + 1], points[3 * centre + 2]};
    for (std::int64_t c = all.first[i]; c < last; ++c) {
      const auto p = static_cast<std::size_t>(all.neighbours[c]);
      const double* there = points + 3 * p;
      double* r = vectors + 3 * n;
      for (int a = 0; a < 3; ++a) r[a] = there[a] - here[a];
      const double distance_squared = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
      closest[all.types[p]] = std::min(closest[all.types[p]], distance_squared);
      receivers[n] = i;
      neighbours[n] = all.rows[p];
      // No branch: half of the candidates are beyond the cutoff. A NaN distance is kept, and stops
      // the run.
      n += distance_squared >= cutoff_squared ? 0 : 1;
    }
  }
  graph_.receivers.resize(n);
  graph_.neighbours.resize(n);
  graph_.vectors.resize(3 * n);
  return graph_;
}

// Sizes stay near the last step's number of pairs, since `resize` writes what it adds. There are
// never more pairs than candidates.
void CandidatePairs::make_room(std::size_t n, std::size_t more) {
  if (n + more <= graph_.receivers.size()) return;
  if (n + more > graph_.receivers.capacity()) {
    const std::size_t bound = candidates_->neighbours.size();
    graph_.receivers.reserve(bound);
    graph_.neighbours.reserve(bound);
    graph_.vectors.reserve(3 * bound);
  }
  const std::size_t size = std::min(graph_.receivers.capacity(), n + more + n / 64);
  graph_.receivers.resize(size);
  graph_.neighbours.resize(size);
  graph_.vectors.resize(3 * size);
}

void CandidatePairs::closest(std::vector<double>& out) const {
  const std::int64_t n_types = candidates_->n_types;
  out.resize(static_cast<std::size_t>(candidates_->n_kinds()));
  for (std::int64_t a = 0; a < n_types; ++a) {
    for (std::int64_t b = a; b < n_types; ++b) {
      out[candidates_->kind(a, b)] =
          std::sqrt(std::min(closest_squared_[a * n_types + b], closest_squared_[b * n_types + a]));
    }
  }
}

void CandidatePairs::release() {
  // Assigning {} would empty them and keep their memory.
  graph_.receivers = std::vector<std::int64_t>();
  graph_.neighbours = std::vector<std::int64_t>();
  graph_.vectors = std::vector<double>();
}

double CandidatePairs::bytes() const {
  double sum = 0.0;
  for (const auto* column : {&graph_.species, &graph_.receivers, &graph_.neighbours}) {
    sum += static_cast<double>(column->capacity() * sizeof(std::int64_t));
  }
  for (const auto* numbers : {&graph_.vectors, &closest_squared_}) {
    sum += static_cast<double>(numbers->capacity() * sizeof(double));
  }
  return sum;
}

}  // namespace ipip::cpu
