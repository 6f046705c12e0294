// SPDX-License-Identifier: GPL-2.0-or-later
// i: receiving atom, j: its neighbour, both LAMMPS indices; k: row.
#include "step_graph.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "lmptype.h"
#include "neigh_list.h"

using namespace LAMMPS_NS;

void Contacts::assign(const NeighList& list, const Owners& owners) {
  listed.clear();
  touching.assign(owners.rank.size(), 0);
  for (int ii = 0; ii < list.inum; ++ii) {
    const int i = list.ilist[ii];
    if (owners.species[i] < 0) continue;
    listed.push_back(i);
    const int* jlist = list.firstneigh[i];
    for (int jj = 0; jj < list.numneigh[i]; ++jj) {
      const int j = jlist[jj] & NEIGHMASK;
      if (owners.rank[j] == owners.me || owners.species[j] < 0) continue;
      touching[i] = touching[j] = 1;
    }
  }
}

void StepGraph::assign_rows(const Contacts& contacts, const Owners& owners, const int* type,
                            int n_types) {
  atoms_.clear();
  candidates_.species.clear();
  candidates_.rows.assign(owners.rank.size(), -1);
  candidates_.first.clear();
  candidates_.neighbours.clear();
  inner_.clear();
  const auto add = [&](int i) {
    candidates_.rows[i] = static_cast<int>(atoms_.size());
    atoms_.push_back(i);
    candidates_.species.push_back(owners.species[i]);
  };
  for (const int i : contacts.listed) {
    if (contacts.touching[i] != 0) {
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
  assign_halo_rows(contacts, owners);
  candidates_.n_types = n_types;
  candidates_.types.resize(candidates_.rows.size());
  for (std::size_t j = 0; j < candidates_.types.size(); ++j) candidates_.types[j] = type[j] - 1;
}

// Only atoms that have a local neighbour get a row: another ghost needs no message.
void StepGraph::assign_halo_rows(const Contacts& contacts, const Owners& owners) {
  ghosts_.clear();
  halo_.clear();
  for (std::size_t j = 0; j < owners.rank.size(); ++j) {
    if (owners.rank[j] != owners.me && contacts.touching[j] != 0) {
      ghosts_.push_back(static_cast<int>(j));
    }
  }
  const auto owner = [&](int j) { return std::make_pair(owners.rank[j], owners.index[j]); };
  std::stable_sort(ghosts_.begin(), ghosts_.end(),
                   [&](int a, int b) { return owner(a) < owner(b); });
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

void StepGraph::collect_candidates(const NeighList& list) {
  std::size_t length = 0;
  for (const int i : candidates_.centres) length += list.numneigh[i];
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
