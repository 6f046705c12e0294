// SPDX-License-Identifier: GPL-2.0-or-later
// i: receiving atom, j: its neighbour, both LAMMPS indices; k: row.
#include "step_graph.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "lmptype.h"
#include "neigh_list.h"

using namespace LAMMPS_NS;

void StepGraph::assign_rows(const NeighList& list, const Owners& owners) {
  atoms_.clear();
  candidates_.species.clear();
  candidates_.rows.assign(owners.rank.size(), -1);
  inner_.clear();
  const auto add = [&](int i) {
    candidates_.rows[i] = static_cast<int>(atoms_.size());
    atoms_.push_back(i);
    candidates_.species.push_back(owners.species[i]);
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
  candidates_.centres = atoms_;
  for (std::size_t j = 0; j < candidates_.rows.size(); ++j) {
    if (owners.rank[j] == owners.me) candidates_.rows[j] = candidates_.rows[owners.index[j]];
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
  for (const int i : candidates_.centres) {
    const int* jlist = list.firstneigh[i];
    for (int jj = 0; jj < list.numneigh[i]; ++jj) {
      const int j = jlist[jj] & NEIGHMASK;
      if (candidates_.rows[j] != -1 || owners.rank[j] == owners.me || owners.species[j] < 0)
        continue;
      candidates_.rows[j] = kWanted;
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
      candidates_.species.push_back(owners.species[j]);
    }
    candidates_.rows[j] = static_cast<int>(atoms_.size()) - 1;
  }
}

void StepGraph::collect_candidates(const NeighList& list, const int* type, int n_types) {
  std::size_t length = 0;
  for (const int i : candidates_.centres) length += list.numneigh[i];
  candidates_.n_types = n_types;
  candidates_.types.resize(candidates_.rows.size());
  for (std::size_t j = 0; j < candidates_.types.size(); ++j) candidates_.types[j] = type[j] - 1;
  candidates_.first.assign(1, 0);
  candidates_.neighbours.clear();
  candidates_.neighbours.reserve(length);
  for (const int i : candidates_.centres) {
    const int* jlist = list.firstneigh[i];
    for (int jj = 0; jj < list.numneigh[i]; ++jj) {
      const int j = jlist[jj] & NEIGHMASK;
      if (candidates_.rows[j] >= 0) candidates_.neighbours.push_back(j);
    }
    candidates_.first.push_back(static_cast<std::int64_t>(candidates_.neighbours.size()));
  }
}

double StepGraph::memory_bytes() const {
  const auto bytes = [](const auto& buffer) {
    return static_cast<double>(buffer.capacity() * sizeof(buffer[0]));
  };
  return bytes(candidates_.species) + bytes(candidates_.rows) + bytes(candidates_.types) +
         bytes(candidates_.centres) + bytes(candidates_.first) + bytes(candidates_.neighbours) +
         bytes(atoms_) + bytes(inner_) + bytes(halo_) + bytes(ghosts_);
}
