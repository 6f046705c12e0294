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

void StepGraph::assign_rows(const NeighList& list, const Owners& owners, const int* type,
                            const std::vector<int>& species) {
  atoms_.clear();
  graph_.species.clear();
  row_of_.assign(owners.rank.size(), -1);
  for (int ii = 0; ii < list.inum; ++ii) {
    const int i = list.ilist[ii];
    if (species[type[i]] < 0) continue;
    row_of_[i] = static_cast<int>(atoms_.size());
    atoms_.push_back(i);
    graph_.species.push_back(species[type[i]]);
  }
  graph_.n_local = static_cast<std::int64_t>(atoms_.size());
  for (std::size_t j = 0; j < row_of_.size(); ++j) {
    if (owners.rank[j] == owners.me) row_of_[j] = row_of_[owners.index[j]];
  }
  assign_halo_rows(list, owners, type, species);
}

// Only atoms that the list names get a row: a ghost that no local atom has as a neighbour needs no
// message.
void StepGraph::assign_halo_rows(const NeighList& list, const Owners& owners, const int* type,
                                 const std::vector<int>& species) {
  constexpr int kWanted = -2;
  ghosts_.clear();
  halo_.clear();
  for (int ii = 0; ii < list.inum; ++ii) {
    const int i = list.ilist[ii];
    if (row_of_[i] < 0) continue;
    const int* jlist = list.firstneigh[i];
    for (int jj = 0; jj < list.numneigh[i]; ++jj) {
      const int j = jlist[jj] & NEIGHMASK;
      if (row_of_[j] != -1 || owners.rank[j] == owners.me || species[type[j]] < 0) continue;
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
      graph_.species.push_back(species[type[j]]);
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
  // The list reaches a skin beyond the cutoff, so its length bounds the pairs of every step until
  // it is rebuilt: past that step nothing grows.
  const std::size_t bound = list_length(list);
  graph_.receivers.resize(bound);
  graph_.neighbours.resize(bound);
  graph_.vectors.resize(3 * bound);

  std::size_t n = 0;
  for (int ii = 0; ii < list.inum; ++ii) {
    const int i = list.ilist[ii];
    if (row_of_[i] < 0) continue;
    double* closest = &closest_squared_[static_cast<std::size_t>(type[i]) * stride_];
    const int* jlist = list.firstneigh[i];
    for (int jj = 0; jj < list.numneigh[i]; ++jj) {
      const int j = jlist[jj] & NEIGHMASK;
      if (row_of_[j] < 0) continue;
      const double r[3] = {x[j][0] - x[i][0], x[j][1] - x[i][1], x[j][2] - x[i][2]};
      const double distance_squared = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
      if (distance_squared >= cutoff_squared) continue;
      closest[type[j]] = std::min(closest[type[j]], distance_squared);
      graph_.receivers[n] = row_of_[i];
      graph_.neighbours[n] = row_of_[j];
      std::copy_n(r, 3, &graph_.vectors[3 * n]);
      ++n;
    }
  }
  graph_.receivers.resize(n);
  graph_.neighbours.resize(n);
  graph_.vectors.resize(3 * n);
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
  for (int ii = 0; ii < list.inum; ++ii) {
    const int i = list.ilist[ii];
    if (row_of_[i] < 0) continue;
    const int* jlist = list.firstneigh[i];
    for (int jj = 0; jj < list.numneigh[i]; ++jj) {
      const int j = jlist[jj] & NEIGHMASK;
      if (row_of_[j] < 0) continue;
      candidates_.receivers.push_back(row_of_[i]);
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
  return kept + bytes(atoms_) + bytes(row_of_) + bytes(halo_) + bytes(ghosts_) +
         bytes(closest_squared_) + bytes(graph_.species) + bytes(graph_.receivers) +
         bytes(graph_.neighbours) + bytes(graph_.vectors);
}
