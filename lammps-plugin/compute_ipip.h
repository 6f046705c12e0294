// SPDX-License-Identifier: GPL-2.0-or-later
// Common base of the computes that give a student's number for each atom of a group.
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
  /// Stops the run if the student of the deck lacks what is computed.
  virtual void check_student() = 0;
  /// Writes the number of each local atom, in the deck's units.
  virtual void copy(double* of_atoms) = 0;

  class PairIpip* pair_ = nullptr;

 private:
  std::vector<double> values_;  // [nlocal or more] in the deck's units
};

}  // namespace LAMMPS_NS
