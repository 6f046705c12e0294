// SPDX-License-Identifier: MIT
// e: pair of the graph, i: its receiver, j: its sender.
#include "lone_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "ipip/halo.hpp"
#include "zbl.hpp"

namespace ipip::fused {
namespace {

// Above this mean there are hardly any lone pairs, and looking for them would only take time.
constexpr std::int64_t kMostPairs = 16;

std::size_t at(std::int64_t index) {
  return static_cast<std::size_t>(index);
}

double length(const double* r) {
  return std::sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
}

}  // namespace

LonePairs::LonePairs(std::unique_ptr<Evaluator> network, const PainnModel& model,
                     std::function<std::unique_ptr<Evaluator>()> exact, double target)
    : network_(std::move(network)), model_(model), exact_(std::move(exact)), target_(target) {}

double LonePairs::buffer_bytes() const {
  double sum = network_->buffer_bytes();
  for (const auto& [species, curve] : curves_) sum += curve.bytes();
  for (const auto* rows : {&only_, &place_, &rows_, &pairs_, &others_.species, &others_.receivers,
                           &others_.neighbours}) {
    sum += static_cast<double>(rows->capacity() * sizeof(std::int64_t));
  }
  for (const auto* numbers : {&other_energies_, &gradients_, &others_.vectors}) {
    sum += static_cast<double>(numbers->capacity() * sizeof(double));
  }
  return sum;
}

void LonePairs::evaluate(const Graph& graph, double* energies, const TakeGradients& take) {
  if (!find(graph)) return network_->evaluate(graph, energies, take);
  gather_others(graph);
  const std::size_t n_pairs = graph.receivers.size();
  gradients_.resize(3 * n_pairs);
  other_energies_.resize(rows_.size());
  network_->evaluate(others_, other_energies_.data(),
                     [this](std::int64_t begin, std::int64_t end, const double* gradients) {
                       for (std::int64_t e = begin; e < end; ++e, gradients += 3) {
                         std::copy_n(gradients, 3, &gradients_[3 * at(pairs_[at(e)])]);
                       }
                     });
  for (std::size_t row = 0; row < rows_.size(); ++row) energies[rows_[row]] = other_energies_[row];
  add_pairs(graph, energies);
  take(0, static_cast<std::int64_t>(n_pairs), gradients_.data());
}

// Whether there are lone pairs: `place_` is -1 for their atoms. A graph with an error in it has
// none, so that the network tells.
bool LonePairs::find(const Graph& graph) {
  const auto n_pairs = static_cast<std::int64_t>(graph.receivers.size());
  const auto n_total = static_cast<std::int64_t>(graph.species.size());
  const std::int64_t n_local = graph.n_local;
  if (n_pairs == 0 || n_pairs > kMostPairs * n_local) return false;
  const std::shared_ptr<HaloExchanger> exchanger = active_halo_exchanger();
  if (exchanger == nullptr && n_total != n_local) return false;
  only_.assign(at(n_local), -1);
  for (std::int64_t e = 0; e < n_pairs; ++e) {
    const std::int64_t i = graph.receivers[at(e)], j = graph.neighbours[at(e)];
    if (i < 0 || i >= n_local || j < 0 || j >= n_total) return false;
    const bool first = e == 0 || graph.receivers[at(e - 1)] < i;
    if (!first && graph.receivers[at(e - 1)] != i) return false;
    only_[at(i)] = first ? e : -1;
  }
  bool found = false;
  const std::int64_t n_early = exchanger != nullptr ? exchanger->n_early() : 0;
  place_.assign(at(n_total), 0);
  for (std::int64_t i = n_early; i < n_local; ++i) {
    if (only_[at(i)] < 0) continue;
    const std::int64_t j = graph.neighbours[at(only_[at(i)])];
    if (j <= i || j >= n_local || only_[at(j)] < 0) continue;
    if (graph.neighbours[at(only_[at(j)])] != i) continue;
    const double d = length(&graph.vectors[3 * at(only_[at(i)])]);
    if (!(d >= PairCurve::kLowest && d < model_.cutoff)) continue;
    const std::int64_t a = graph.species[at(i)], b = graph.species[at(j)];
    if (std::min(a, b) < 0 || std::max(a, b) >= model_.n_species) return false;
    if (!curve(a, b).holds()) continue;
    place_[at(i)] = place_[at(j)] = -1;
    found = true;
  }
  return found;
}

const PairCurve& LonePairs::curve(std::int64_t a, std::int64_t b) {
  const std::pair<std::int64_t, std::int64_t> key = std::minmax(a, b);
  const auto found = curves_.find(key);
  if (found != curves_.end()) return found->second;
  const HaloScope alone(nullptr);  // a matter of this rank
  const std::unique_ptr<Evaluator> network = exact_();
  return curves_.try_emplace(key, *network, key.first, key.second, model_.cutoff, target_)
      .first->second;
}

// The graph without lone pairs. Rows that other ranks read and halo rows stay where they are; rows
// between the last atom and the first halo row are nobody's.
void LonePairs::gather_others(const Graph& graph) {
  const auto n_total = static_cast<std::int64_t>(graph.species.size());
  rows_.clear();
  pairs_.clear();
  others_.receivers.clear();
  others_.neighbours.clear();
  others_.vectors.clear();
  others_.species.assign(graph.species.begin(), graph.species.end());
  for (std::int64_t i = 0; i < graph.n_local; ++i) {
    if (place_[at(i)] < 0) continue;
    place_[at(i)] = static_cast<std::int64_t>(rows_.size());
    others_.species[rows_.size()] = graph.species[at(i)];
    rows_.push_back(i);
  }
  for (std::int64_t row = graph.n_local; row < n_total; ++row) place_[at(row)] = row;
  others_.n_local = static_cast<std::int64_t>(rows_.size());
  if (active_halo_exchanger() == nullptr) others_.species.resize(rows_.size());
  for (std::size_t e = 0; e < graph.receivers.size(); ++e) {
    const std::int64_t i = place_[at(graph.receivers[e])];
    if (i < 0) continue;
    pairs_.push_back(static_cast<std::int64_t>(e));
    others_.receivers.push_back(i);
    others_.neighbours.push_back(place_[at(graph.neighbours[e])]);
    others_.vectors.insert(others_.vectors.end(), &graph.vectors[3 * e], &graph.vectors[3 * e] + 3);
  }
}

// Both directions of a pair take half of its slope: forces and virials are those of the whole.
void LonePairs::add_pairs(const Graph& graph, double* energies) {
  for (std::int64_t i = 0; i < graph.n_local; ++i) {
    if (place_[at(i)] >= 0) continue;
    const std::int64_t e = only_[at(i)];
    const std::int64_t a = graph.species[at(i)], b = graph.species[at(graph.neighbours[at(e)])];
    const double* r = &graph.vectors[3 * at(e)];
    const double d = length(r);
    const PairCurve::Point point = curve(a, b).at(d);
    energies[i] = model_.offset[at(a)] + 0.5 * (point.energy + (a <= b ? 1.0 : -1.0) * point.split);
    double slope = 0.5 * point.slope;
    if (model_.zbl) {
      double core = 0.0;
      energies[i] += zbl_pair(model_, at(a), at(b), d, core);
      slope += core;
    }
    for (std::size_t x = 0; x < 3; ++x) gradients_[3 * at(e) + x] = slope * r[x] / d;
  }
}

}  // namespace ipip::fused
