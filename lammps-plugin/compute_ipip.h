// SPDX-License-Identifier: GPL-2.0-or-later
// What computes of the student of a deck have in common: a number for each atom of a group.
#pragma once

#include <vector>

#include "compute.h"

namespace LAMMPS_NS {

class ComputeIpip : public Compute {
 public:
  ComputeIpip(class LAMMPS* lmp, int narg, char** arg);

  void init() override;
  void compute_peratom() override;
  double memory_usage() override;

 protected:
  /// Stops the run where the student of the deck has not what is computed.
  virtual void check_student() = 0;
  /// Writes the number of each local atom, in the deck's units.
  virtual void copy(double* of_atoms) = 0;

  class PairIpip* pair_ = nullptr;

 private:
  std::vector<double> values_;  // [nlocal or more] in the deck's units
};

}  // namespace LAMMPS_NS
