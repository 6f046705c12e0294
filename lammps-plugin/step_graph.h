// SPDX-License-Identifier: GPL-2.0-or-later
// From a LAMMPS neighbour list to the rows and pairs that a student takes.
#pragma once

#include <cstdint>
#include <vector>

#include "ipip/student.hpp"

namespace LAMMPS_NS {
class NeighList;

/// Atoms and pairs of one step, in buffers that only grow.
///
/// Rows are local atoms whose type has an element; a ghost atom that is an image of one of them
/// shares its row.
class StepGraph {
 public:
  /// Give rows to atoms; called at each reneighbouring.
  /// @param list        full neighbour list
  /// @param n_all       local and ghost atoms
  /// @param owner_index [n_all] local index of each atom's owner
  /// @param type        [n_all] LAMMPS types, from 1
  /// @param species     [ntypes + 1] index into the student's elements, -1 for none
  void assign_rows(const NeighList &list, int n_all, const std::vector<int> &owner_index,
                   const int *type, const std::vector<int> &species);

  /// Collect the pairs within the cutoff; called at each step.
  /// @param list            full neighbour list
  /// @param x               [n_all, 3] positions, Å
  /// @param type            [n_all] LAMMPS types
  /// @param ntypes          number of types
  /// @param cutoff          Å
  void collect_pairs(const NeighList &list, const double *const *x, const int *type, int ntypes,
                     double cutoff);

  /// What the student takes.
  ipip::Graph view() const;

  std::int64_t rows() const { return static_cast<std::int64_t>(atoms_.size()); }
  std::int64_t pairs() const { return n_pairs_; }
  /// LAMMPS index of each row.
  const std::vector<int> &atoms() const { return atoms_; }
  /// [ntypes + 1, ntypes + 1] smallest distance in this step by type pair (either order), Å;
  /// the cutoff where no pair is closer.
  double closest(int itype, int jtype) const;
  double memory_bytes() const;

 private:
  void reserve_pairs(std::int64_t n);

  std::vector<int> atoms_;
  std::vector<int> row_of_;
  std::vector<std::int64_t> species_;
  std::vector<std::int64_t> receivers_, neighbours_;
  std::vector<double> vectors_;
  std::vector<double> closest_squared_;
  std::int64_t n_pairs_ = 0;
  int stride_ = 0;
};

}    // namespace LAMMPS_NS
