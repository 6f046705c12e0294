// SPDX-License-Identifier: GPL-2.0-or-later
// LAMMPS leaves a bonded neighbour out of its lists where both factors of special_bonds are 0.
// i: local atom, k: 0, 1, 2 for its 1-2, 1-3 and 1-4 neighbours.
#include "atom.h"
#include "exclusions.h"
#include "lammps.h"
#include "neighbor.h"

namespace LAMMPS_NS {
namespace {

std::string refused(const std::string& atoms) {
  return ": special_bonds leave " + atoms +
         " out of the neighbour list, but the energy of the student's atoms depends on all of "
         "their neighbours: use `special_bonds lj/coul 1.0e-50 1.0e-50 1.0e-50`, which keeps them "
         "in the list and counts as 0 for other pair styles, or remove these bonds";
}

}  // namespace

std::string missing_bonded_pairs(const LAMMPS& lmp, const std::vector<int>& species) {
  const int* flag = lmp.neighbor->special_flag;  // 0: not in the list; from 1
  const Atom& atom = *lmp.atom;
  if (atom.molecular == Atom::ATOMIC || (flag[1] != 0 && flag[2] != 0 && flag[3] != 0)) return "";
  for (int i = 0; i < atom.nlocal; ++i) {
    if (species[atom.type[i]] < 0) continue;
    if (atom.molecular == Atom::TEMPLATE) {
      // The headers that a plugin sees do not declare a template's bonds.
      if (atom.molindex[i] >= 0) return refused("neighbours of the student's atoms in a template");
      continue;
    }
    for (int k = 0, s = 0; k < 3; ++k) {
      for (; s < atom.nspecial[i][k]; ++s) {
        if (flag[k + 1] != 0) continue;
        // An atom beyond the ghost atoms is beyond the list, too.
        const int j = lmp.atom->map(atom.special[i][s]);
        if (j < 0 || species[atom.type[j]] < 0) continue;
        return refused("the bonded atoms with IDs " + std::to_string(atom.tag[i]) + " and " +
                       std::to_string(atom.tag[j]));
      }
    }
  }
  return "";
}

}  // namespace LAMMPS_NS
