// SPDX-License-Identifier: MIT
// e: pair of the graph, i: its receiver, j: its sender.
#include "lone_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "ipip/halo.hpp"

namespace ipip::cpu {
namespace {

// Above this mean number of pairs, lone pairs are too rare to be worth a search.
constexpr std::int64_t kMostPairs = 16;

std::size_t at(std::int64_t index) {
  return static_cast<std::size_t>(index);
}

double length(const double* r) {
  return std::sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
}

}  // namespace

template <class T>
double LonePairs<T>::buffer_bytes() const {
  double sum = network_->buffer_bytes();
  for (const auto* rows : {&only_, &alike_, &unlike_, &place_, &rows_, &pair_of_, &others_.species,
                           &others_.receivers, &others_.neighbours}) {
    sum += static_cast<double>(rows->capacity() * sizeof(std::int64_t));
  }
  for (const auto* numbers :
       {&some_energies_, &some_uncertainties_, &gradients_, &others_.vectors}) {
    sum += static_cast<double>(numbers->capacity() * sizeof(double));
  }
  return sum;
}

template <class T>
void LonePairs<T>::evaluate(const Graph& graph, double* energies, double* uncertainties,
                            const TakeGradients& take) {
  forward_seconds_ = backward_seconds_ = 0.0;
  if (!find(graph)) return run(graph, Symmetry::none, energies, uncertainties, take);
  gradients_.resize(3 * graph.receivers.size());
  evaluate_pairs(graph, alike_, true, energies, uncertainties);
  evaluate_pairs(graph, unlike_, false, energies, uncertainties);
  gather_others(graph);
  some_energies_.resize(rows_.size());
  std::int64_t taken = 0;
  const auto take_until = [&](std::int64_t end) {
    if (taken < end) take(taken, end, &gradients_[3 * at(taken)]);
    taken = end;
  };
  double* const some = some_uncertainties(uncertainties, rows_.size());
  run(others_, Symmetry::none, some_energies_.data(), some,
      [&](std::int64_t begin, std::int64_t end, const double* gradients) {
        for (std::int64_t e = begin; e < end; ++e, gradients += 3) {
          std::copy_n(gradients, 3, &gradients_[3 * at(pair_of_[at(e)])]);
        }
        if (begin < end) take_until(pair_of_[at(end - 1)] + 1);  // while they are in the cache
      });
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    energies[rows_[row]] = some_energies_[row];
    if (some != nullptr) uncertainties[rows_[row]] = some[row];
  }
  take_until(static_cast<std::int64_t>(graph.receivers.size()));
}

template <class T>
void LonePairs<T>::features(const Graph& graph, double* features) {
  network_->set_symmetry(Symmetry::none);
  network_->features(graph, features);
}

template <class T>
void LonePairs<T>::run(const Graph& graph, Symmetry symmetry, double* energies,
                       double* uncertainties, const TakeGradients& take) {
  network_->set_symmetry(symmetry);
  network_->evaluate(graph, energies, uncertainties, take);
  forward_seconds_ += network_->forward_seconds();
  backward_seconds_ += network_->backward_seconds();
}

// Room for the uncertainties of a part of the rows; null if not requested.
template <class T>
double* LonePairs<T>::some_uncertainties(const double* wanted, std::size_t n_rows) {
  if (wanted == nullptr) return nullptr;
  some_uncertainties_.resize(std::max(some_uncertainties_.size(), n_rows));
  return some_uncertainties_.data();
}

// Whether there are lone pairs: `place_` is -1 for their atoms. A faulty graph counts as having
// none, so that the network reports the fault.
template <class T>
bool LonePairs<T>::find(const Graph& graph) {
  const auto n_pairs = static_cast<std::int64_t>(graph.receivers.size());
  const auto n_total = static_cast<std::int64_t>(graph.species.size());
  const std::int64_t n_local = graph.n_local;
  alike_.clear();
  unlike_.clear();
  if (n_pairs > kMostPairs * n_local) return false;
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
  const std::int64_t n_early = exchanger != nullptr ? exchanger->n_early() : 0;
  place_.assign(at(n_total), 0);
  for (std::int64_t i = n_early; i < n_local; ++i) {
    if (only_[at(i)] < 0) continue;
    const std::int64_t j = graph.neighbours[at(only_[at(i)])];
    if (j <= i || j >= n_local || only_[at(j)] < 0) continue;
    if (graph.neighbours[at(only_[at(j)])] != i) continue;
    const double d = length(&graph.vectors[3 * at(only_[at(i)])]);
    if (!(d > 0.0 && d < cutoff_)) continue;
    const std::int64_t a = graph.species[at(i)], b = graph.species[at(j)];
    if (std::min(a, b) < 0 || std::max(a, b) >= n_species_) return false;
    place_[at(i)] = place_[at(j)] = -1;
    (a == b ? alike_ : unlike_).push_back(i);
  }
  return !alike_.empty() || !unlike_.empty();
}

// The second atom of an alike pair is the image of the first.
template <class T>
void LonePairs<T>::evaluate_pairs(const Graph& graph, const std::vector<std::int64_t>& firsts,
                                  bool alike, double* energies, double* uncertainties) {
  const HaloScope alone(nullptr);  // concerns this rank only
  const std::size_t each = alike ? 1 : 2, most = at(network_->rows_at_once()) / each;
  for (std::size_t begin = 0; begin < firsts.size(); begin += most) {
    const std::size_t n_rows = each * std::min(most, firsts.size() - begin);
    pairs_.n_local = static_cast<std::int64_t>(n_rows);
    for (auto* column : {&pairs_.species, &pairs_.receivers, &pairs_.neighbours}) {
      column->resize(n_rows);
    }
    pairs_.vectors.assign(3 * n_rows, 0.0);
    some_energies_.resize(std::max(some_energies_.size(), n_rows));
    const auto second = [&](std::int64_t i) { return graph.neighbours[at(only_[at(i)])]; };
    const auto atom = [&](std::size_t row) {
      const std::int64_t i = firsts[begin + row / each];
      return row % each == 0 ? i : second(i);
    };
    for (std::size_t row = 0; row < n_rows; ++row) {
      const bool first = row % each == 0;
      pairs_.species[row] = graph.species[at(atom(row))];
      pairs_.receivers[row] = static_cast<std::int64_t>(row);
      pairs_.neighbours[row] = static_cast<std::int64_t>(alike ? row : row ^ 1);
      const double d = length(&graph.vectors[3 * at(only_[at(firsts[begin + row / each])])]);
      pairs_.vectors[3 * row] = first ? d : -d;
    }
    const auto turn = [&](std::int64_t i, double along) {
      const std::size_t e = 3 * at(only_[at(i)]);
      for (std::size_t x = 0; x < 3; ++x) gradients_[e + x] = along * graph.vectors[e + x];
    };
    double* const some = some_uncertainties(uncertainties, n_rows);
    run(pairs_, alike ? Symmetry::mirror : Symmetry::line, some_energies_.data(), some,
        [&](std::int64_t from, std::int64_t to, const double* gradients) {
          for (std::int64_t row = from; row < to; ++row, gradients += 3) {
            const double along = gradients[0] / pairs_.vectors[3 * at(row)];
            turn(atom(at(row)), along);
            if (alike) turn(second(atom(at(row))), along);
          }
        });
    for (std::size_t row = 0; row < n_rows; ++row) {
      energies[atom(row)] = some_energies_[row];
      if (alike) energies[second(atom(row))] = some_energies_[row];
      if (some == nullptr) continue;
      uncertainties[atom(row)] = some[row];
      if (alike) uncertainties[second(atom(row))] = some[row];
    }
  }
}

// The graph without lone pairs. Rows that other ranks read and halo rows keep their places; rows
// between the last atom and the first halo row belong to no atom.
template <class T>
void LonePairs<T>::gather_others(const Graph& graph) {
  const auto n_total = static_cast<std::int64_t>(graph.species.size());
  const std::size_t n_pairs = graph.receivers.size();
  rows_.clear();
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
  const auto resize = [this](std::size_t n) {
    for (auto* column : {&pair_of_, &others_.receivers, &others_.neighbours}) column->resize(n);
    others_.vectors.resize(3 * n);
  };
  resize(n_pairs);
  std::size_t n = 0;
  for (std::size_t e = 0; e < n_pairs; ++e) {
    const std::int64_t i = place_[at(graph.receivers[e])];
    if (i < 0) continue;
    pair_of_[n] = static_cast<std::int64_t>(e);
    others_.receivers[n] = i;
    others_.neighbours[n] = place_[at(graph.neighbours[e])];
    std::copy_n(&graph.vectors[3 * e], 3, &others_.vectors[3 * n]);
    ++n;
  }
  resize(n);
}

template class LonePairs<float>;
template class LonePairs<double>;

}  // namespace ipip::cpu
