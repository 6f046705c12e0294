// SPDX-License-Identifier: GPL-2.0-or-later
// Whether the masses of a deck fit the elements that pair_coeff names for its atom types.
#pragma once

#include <string>
#include <vector>

namespace LAMMPS_NS {

class LAMMPS;

/// Result of comparing masses with elements.
struct MassCheck {
  std::string error;    ///< elements are swapped; empty if not
  std::string warning;  ///< masses that are far from those of their elements; empty for none
};

/// Compares the mass of each type with the standard atomic weight of its element. Collective.
///
/// Elements are swapped if types have the masses (to 2 %) of each other's elements, or of a longer
/// ring: isotopes and hydrogen mass repartitioning cannot cause this, since they change masses one
/// way. "Far" is a difference above 20 %: isotopes differ by less (18O by 13 %), except deuterium
/// and tritium, which are known.
/// @param lmp     LAMMPS
/// @param species [n_types + 1] index into `symbols`, -1 for a type that the student leaves out
/// @param symbols chemical symbols
MassCheck check_masses(const LAMMPS& lmp, const std::vector<int>& species,
                       const std::vector<std::string>& symbols);

}  // namespace LAMMPS_NS
