// SPDX-License-Identifier: GPL-2.0-or-later
// From a LAMMPS neighbour list to the rows and pairs that a student reads.
#pragma once

#include <cstdint>
#include <vector>

#include "ipip/student.hpp"
#include "rank_halo.h"

namespace LAMMPS_NS {
class NeighList;

/// Who owns each atom, local and ghost.
struct Owners {
  int me = 0;              ///< this rank
  std::vector<int> rank;   ///< [n_local + n_ghost] rank of the owner
  std::vector<int> index;  ///< [n_local + n_ghost] LAMMPS index of the atom there
  /// [n_local + n_ghost] index into the student's symbols, -1 for an atom that the student leaves
  /// out, or that is not in the system
  std::vector<int> species;
};

/// Which atoms have neighbours across the borders of ranks.
struct Contacts {
  std::vector<int> listed;  ///< local atoms of the student, in order
  /// [n_local + n_ghost] whether a local atom has a neighbour of another rank, or a ghost of
  /// another rank a local one; undefined for images of local atoms
  std::vector<std::uint8_t> touching;

  /// Finds the contacts of a full neighbour list.
  void assign(const NeighList& list, const Owners& owners);
};

/// Rows of a student and its candidate pairs, in buffers that only grow.
///
/// Rows are local atoms that have a species, those with neighbours of other ranks first,
/// since other ranks wait for them; then halo rows: atoms of other ranks that are a neighbour of a
/// local one, each once, by owner. A ghost atom shares the row of the atom that it shows, so an
/// image of a local atom is that atom. Points are the LAMMPS atoms.
class StepGraph {
 public:
  /// Assigns rows to atoms; needed whenever LAMMPS rebuilds its neighbour list.
  /// @param contacts  of the atoms
  /// @param owners    owner of each atom
  /// @param type      [n_local + n_ghost] LAMMPS types
  /// @param n_types   number of LAMMPS types
  void assign_rows(const Contacts& contacts, const Owners& owners, const int* type, int n_types);

  /// Collects all pairs of a full neighbour list, after `assign_rows`.
  void collect_candidates(const NeighList& list);

  /// The student's candidates, which it reads until the next ones are set.
  const ipip::Candidates& candidates() const { return candidates_; }

  std::int64_t n_local() const { return candidates_.n_local(); }
  std::int64_t n_total() const { return static_cast<std::int64_t>(atoms_.size()); }

  /// LAMMPS index of an atom of each row, [n_total]; a ghost atom for a halo row.
  const std::vector<int>& atoms() const { return atoms_; }

  /// Row of each LAMMPS index, local or ghost; -1 for none.
  const std::vector<int>& row_of() const { return candidates_.rows; }

  /// Owner of each halo row, sorted by rank and index.
  const std::vector<LAMMPS_NS::HaloSource>& halo() const { return halo_; }

  /// Bytes of the buffers.
  double memory_bytes() const;

 private:
  void assign_halo_rows(const Contacts& contacts, const Owners& owners);
  ipip::Candidates candidates_;
  std::vector<int> atoms_;
  std::vector<int> inner_;  // local atoms without neighbours of other ranks
  std::vector<LAMMPS_NS::HaloSource> halo_;
  std::vector<int> ghosts_;  // of other ranks, sorted by owner; while assigning rows
};

}  // namespace LAMMPS_NS
