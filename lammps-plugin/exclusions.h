// SPDX-License-Identifier: GPL-2.0-or-later
// Pairs that LAMMPS leaves out of its neighbour lists. The energy of a student's atom depends on
// all of its neighbours at once: it is in the system with all of its pairs, or with none.
#pragma once

#include <string>
#include <vector>

namespace LAMMPS_NS {

class LAMMPS;
class NeighList;

/// Finds the atoms that `neigh_modify exclude` removes from every pair: they are not in the system.
/// `fix gcmc` and similar fixes do so with the atom of a trial move, so this is needed at each
/// rebuild of the neighbour list. Collective.
/// @param lmp     LAMMPS
/// @param species [n_types + 1] index into the student's symbols, -1 for a type it leaves out
/// @param absent  [n_local] overwritten: whether an atom is not in the system; empty for none
/// @return empty, or which setting leaves out only some pairs of the student's atoms; the same on
///         every rank
std::string find_absent(const LAMMPS& lmp, const std::vector<int>& species,
                        std::vector<char>& absent);

/// Looks for pairs of the student's types that a list of `pair_style hybrid` leaves out.
/// @param list    neighbour list of the student
/// @param species as in `find_absent`
/// @return empty, or which pairs are missing
std::string missing_in_list(const NeighList& list, const std::vector<int>& species);

/// Looks for bonded neighbours, both of the student's types, that `special_bonds` leaves out.
/// @param lmp     LAMMPS
/// @param species as in `find_absent`
/// @return empty, or which pairs this rank lacks
std::string missing_bonded_pairs(const LAMMPS& lmp, const std::vector<int>& species);

}  // namespace LAMMPS_NS
