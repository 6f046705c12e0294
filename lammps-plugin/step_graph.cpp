// SPDX-License-Identifier: GPL-2.0-or-later
#include "step_graph.h"

#include <algorithm>
#include <cmath>

#include "lmptype.h"
#include "neigh_list.h"

using namespace LAMMPS_NS;

void StepGraph::assign_rows(const NeighList &list, int n_all, const std::vector<int> &owner_index,
                            const int *type, const std::vector<int> &species)
{
  atoms_.clear();
  species_.clear();
  row_of_.assign(n_all, -1);
  for (int ii = 0; ii < list.inum; ii++) {
    const int i = list.ilist[ii];
    if (species[type[i]] < 0) continue;
    row_of_[i] = static_cast<int>(atoms_.size());
    atoms_.push_back(i);
    species_.push_back(species[type[i]]);
  }
  for (int j = 0; j < n_all; j++)
    if (row_of_[j] < 0) row_of_[j] = row_of_[owner_index[j]];
}

void StepGraph::reserve_pairs(std::int64_t n)
{
  if (n <= static_cast<std::int64_t>(receivers_.size())) return;
  const auto roomy = static_cast<std::size_t>(n + n / 4);
  receivers_.resize(roomy);
  neighbours_.resize(roomy);
  vectors_.resize(3 * roomy);
}

void StepGraph::collect_pairs(const NeighList &list, const double *const *x, const int *type,
                              int ntypes, double cutoff)
{
  const double cutoff_squared = cutoff * cutoff;
  stride_ = ntypes + 1;
  closest_squared_.assign(static_cast<std::size_t>(stride_) * stride_, cutoff_squared);

  std::int64_t candidates = 0;
  for (int ii = 0; ii < list.inum; ii++) candidates += list.numneigh[list.ilist[ii]];
  reserve_pairs(candidates);

  std::int64_t n = 0;
  for (int ii = 0; ii < list.inum; ii++) {
    const int i = list.ilist[ii];
    if (row_of_[i] < 0) continue;
    double *const closest = closest_squared_.data() + static_cast<std::size_t>(type[i]) * stride_;
    const int *const jlist = list.firstneigh[i];
    for (int jj = 0; jj < list.numneigh[i]; jj++) {
      const int j = jlist[jj] & NEIGHMASK;
      if (row_of_[j] < 0) continue;
      const double dx = x[j][0] - x[i][0];
      const double dy = x[j][1] - x[i][1];
      const double dz = x[j][2] - x[i][2];
      const double distance_squared = dx * dx + dy * dy + dz * dz;
      if (distance_squared >= cutoff_squared) continue;
      closest[type[j]] = std::min(closest[type[j]], distance_squared);
      receivers_[n] = row_of_[i];
      neighbours_[n] = row_of_[j];
      vectors_[3 * n] = dx;
      vectors_[3 * n + 1] = dy;
      vectors_[3 * n + 2] = dz;
      n++;
    }
  }
  n_pairs_ = n;
}

ipip::Graph StepGraph::view() const
{
  ipip::Graph graph;
  graph.n_local = graph.n_total = rows();
  graph.n_edges = n_pairs_;
  graph.species = species_.data();
  graph.receivers = receivers_.data();
  graph.neighbours = neighbours_.data();
  graph.vectors = vectors_.data();
  return graph;
}

double StepGraph::closest(int itype, int jtype) const
{
  const double one = closest_squared_[static_cast<std::size_t>(itype) * stride_ + jtype];
  const double other = closest_squared_[static_cast<std::size_t>(jtype) * stride_ + itype];
  return std::sqrt(std::min(one, other));
}

double StepGraph::memory_bytes() const
{
  return sizeof(int) * static_cast<double>(atoms_.capacity() + row_of_.capacity()) +
      sizeof(std::int64_t) *
      static_cast<double>(species_.capacity() + receivers_.capacity() + neighbours_.capacity()) +
      sizeof(double) * static_cast<double>(vectors_.capacity() + closest_squared_.capacity());
}
