// SPDX-License-Identifier: GPL-2.0-or-later
// i: receiving atom, j: its neighbour, both LAMMPS indices; n: pair.
#include "step_graph.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "lmptype.h"
#include "neigh_list.h"

using namespace LAMMPS_NS;

void StepGraph::assign_rows(const NeighList& list, const Owners& owners) {
  atoms_.clear();
  graph_.species.clear();
  row_of_.assign(owners.rank.size(), -1);
  inner_.clear();
  const auto add = [&](int i) {
    row_of_[i] = static_cast<int>(atoms_.size());
    atoms_.push_back(i);
    graph_.species.push_back(owners.species[i]);
  };
  for (int ii = 0; ii < list.inum; ++ii) {
    const int i = list.ilist[ii];
    if (owners.species[i] < 0) continue;
    if (sees_other_ranks(list, owners, i)) {
      add(i);
    } else {
      inner_.push_back(i);
    }
  }
  for (const int i : inner_) add(i);
  graph_.n_local = static_cast<std::int64_t>(atoms_.size());
  for (std::size_t j = 0; j < row_of_.size(); ++j) {
    if (owners.rank[j] == owners.me) row_of_[j] = row_of_[owners.index[j]];
  }
  assign_halo_rows(list, owners);
}

bool StepGraph::sees_other_ranks(const NeighList& list, const Owners& owners, int i) {
  const int* jlist = list.firstneigh[i];
  return std::any_of(jlist, jlist + list.numneigh[i],
                     [&owners](int j) { return owners.rank[j & NEIGHMASK] != owners.me; });
}

// Only atoms that the list names get a row: a ghost that no local atom has as a neighbour needs no
// message.
void StepGraph::assign_halo_rows(const NeighList& list, const Owners& owners) {
  constexpr int kWanted = -2;
  ghosts_.clear();
  halo_.clear();
  for (std::int64_t k = 0; k < graph_.n_local; ++k) {
    const int i = atoms_[k];
    const int* jlist = list.firstneigh[i];
    for (int jj = 0; jj < list.numneigh[i]; ++jj) {
      const int j = jlist[jj] & NEIGHMASK;
      if (row_of_[j] != -1 || owners.rank[j] == owners.me || owners.species[j] < 0) continue;
      row_of_[j] = kWanted;
      ghosts_.push_back(j);
    }
  }
  const auto owner = [&](int j) { return std::make_pair(owners.rank[j], owners.index[j]); };
  std::sort(ghosts_.begin(), ghosts_.end(), [&](int a, int b) { return owner(a) < owner(b); });
  for (std::size_t k = 0; k < ghosts_.size(); ++k) {
    const int j = ghosts_[k];
    if (k == 0 || owner(ghosts_[k - 1]) != owner(j)) {
      halo_.push_back({owners.rank[j], owners.index[j]});
      atoms_.push_back(j);
      graph_.species.push_back(owners.species[j]);
    }
    row_of_[j] = static_cast<int>(atoms_.size()) - 1;
  }
}

std::size_t StepGraph::list_length(const NeighList& list) {
  std::size_t count = 0;
  for (int ii = 0; ii < list.inum; ++ii) count += list.numneigh[list.ilist[ii]];
  return count;
}

void StepGraph::collect_pairs(const NeighList& list, const double* const* x, const int* type,
                              int n_types, double cutoff) {
  const double cutoff_squared = cutoff * cutoff;
  stride_ = static_cast<std::size_t>(n_types) + 1;
  closest_squared_.assign(stride_ * stride_, cutoff_squared);
  const double* const points = list.inum > 0 ? x[0] : nullptr;  // [n_local + n_ghost, 3]
  std::size_t n = 0;
  for (std::int64_t k = 0; k < graph_.n_local; ++k) {
    const int i = atoms_[k];
    make_room(list, n, list.numneigh[i]);
    std::int64_t* receivers = graph_.receivers.data();
    std::int64_t* neighbours = graph_.neighbours.data();
    double* vectors = graph_.vectors.data();
    double* closest = &closest_squared_[static_cast<std::size_t>(type[i]) * stride_];
    const double here[3] = {points[3 * std::size_t(i)], points[3 * std::size_t(i) + 1],
                            points[3 * std::size_t(i) + 2]};
    const int* jlist = list.firstneigh[i];
    for (int jj = 0; jj < list.numneigh[i]; ++jj) {
      const int j = jlist[jj] & NEIGHMASK;
      if (row_of_[j] < 0) continue;
      const double* there = points + 3 * static_cast<std::size_t>(j);
      double* r = vectors + 3 * n;
      for (int a = 0; a < 3; ++a) r[a] = there[a] - here[a];
      const double distance_squared = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
      closest[type[j]] = std::min(closest[type[j]], distance_squared);
      receivers[n] = k;
      neighbours[n] = row_of_[j];
      n += distance_squared < cutoff_squared ? 1 : 0;  // no branch: half of them are beyond
    }
  }
  graph_.receivers.resize(n);
  graph_.neighbours.resize(n);
  graph_.vectors.resize(3 * n);
}

// Sizes stay near the last step's number of pairs, since `resize` writes what it adds. The list
// reaches a skin beyond the cutoff, so its length bounds the pairs of every step until it is
// rebuilt: past that step no memory is taken.
void StepGraph::make_room(const NeighList& list, std::size_t n, std::size_t more) {
  if (n + more <= graph_.receivers.size()) return;
  if (n + more > graph_.receivers.capacity()) {
    const std::size_t bound = list_length(list);
    graph_.receivers.reserve(bound);
    graph_.neighbours.reserve(bound);
    graph_.vectors.reserve(3 * bound);
  }
  const std::size_t size = std::min(graph_.receivers.capacity(), n + more + n / 64);
  graph_.receivers.resize(size);
  graph_.neighbours.resize(size);
  graph_.vectors.resize(3 * size);
}

void StepGraph::collect_candidates(const NeighList& list, const int* type, int n_types) {
  // Kind of a pair of types, (1,1) (1,2) ... (1,N) (2,2) ... from 0, whatever their order.
  const auto kind = [n_types](int itype, int jtype) {
    const auto [low, high] = std::minmax(itype, jtype);
    return (low - 1) * n_types - (low - 1) * (low - 2) / 2 + high - low;
  };
  candidates_.n_local = graph_.n_local;
  candidates_.n_kinds = n_types * (n_types + 1) / 2;
  candidates_.species = graph_.species;
  for (auto* column : {&candidates_.receivers, &candidates_.neighbours, &candidates_.from,
                       &candidates_.to, &candidates_.kinds}) {
    column->clear();
    column->reserve(list_length(list));
  }
  for (std::int64_t k = 0; k < graph_.n_local; ++k) {
    const int i = atoms_[k];
    const int* jlist = list.firstneigh[i];
    for (int jj = 0; jj < list.numneigh[i]; ++jj) {
      const int j = jlist[jj] & NEIGHMASK;
      if (row_of_[j] < 0) continue;
      candidates_.receivers.push_back(k);
      candidates_.neighbours.push_back(row_of_[j]);
      candidates_.from.push_back(i);
      candidates_.to.push_back(j);
      candidates_.kinds.push_back(kind(type[i], type[j]));
    }
  }
}

void StepGraph::drop_pairs() {
  graph_.receivers.clear();
  graph_.neighbours.clear();
  graph_.vectors.clear();
}

double StepGraph::closest(int itype, int jtype) const {
  const auto at = [this](int first, int second) {
    return closest_squared_[static_cast<std::size_t>(first) * stride_ + second];
  };
  return std::sqrt(std::min(at(itype, jtype), at(jtype, itype)));
}

double StepGraph::memory_bytes() const {
  const auto bytes = [](const auto& buffer) {
    return static_cast<double>(buffer.capacity() * sizeof(buffer[0]));
  };
  double kept = 0.0;
  for (const auto* column : {&candidates_.species, &candidates_.receivers, &candidates_.neighbours,
                             &candidates_.from, &candidates_.to, &candidates_.kinds}) {
    kept += bytes(*column);
  }
  return kept + bytes(atoms_) + bytes(inner_) + bytes(row_of_) + bytes(halo_) + bytes(ghosts_) +
         bytes(closest_squared_) + bytes(graph_.species) + bytes(graph_.receivers) +
         bytes(graph_.neighbours) + bytes(graph_.vectors);
}
