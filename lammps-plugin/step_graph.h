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
/// Rows are local atoms whose type has an element. A ghost atom shares the row of its owner, so an
/// image of a local atom is that atom.
class StepGraph {
 public:
  /// Gives rows to atoms; needed after each rebuild of the neighbour list.
  /// @param list    full neighbour list
  /// @param owners  [n_local + n_ghost] local index of each atom's owner
  /// @param type    [n_local + n_ghost] LAMMPS types, from 1
  /// @param species [n_types + 1] index into the student's symbols, -1 for none
  void assign_rows(const NeighList& list, const std::vector<int>& owners, const int* type,
                   const std::vector<int>& species);

  /// Collects the pairs closer than the cutoff; needed at each step.
  /// @param list    full neighbour list
  /// @param x       [n_local + n_ghost, 3] positions, Å
  /// @param type    [n_local + n_ghost] LAMMPS types
  /// @param n_types number of LAMMPS types
  /// @param cutoff  Å
  void collect_pairs(const NeighList& list, const double* const* x, const int* type, int n_types,
                     double cutoff);

  /// What the student takes.
  const ipip::Graph& graph() const { return graph_; }

  /// LAMMPS index of the atom of each row, [n_rows].
  const std::vector<int>& atoms() const { return atoms_; }

  /// Smallest distance in this step between atoms of two LAMMPS types, Å; the cutoff if none is
  /// closer.
  double closest(int itype, int jtype) const;

  /// Bytes of the buffers.
  double memory_bytes() const;

 private:
  std::size_t candidates(const NeighList& list) const;

  ipip::Graph graph_;
  std::vector<int> atoms_;
  std::vector<int> row_of_;              // [n_local + n_ghost], -1 for none
  std::vector<double> closest_squared_;  // [n_types + 1, n_types + 1] by (type of i, type of j)
  std::size_t stride_ = 0;
};

}  // namespace LAMMPS_NS
