// SPDX-License-Identifier: GPL-2.0-or-later
// compute ipip/bias: the bias energy of each atom in the last step, and the sum of a group.
#pragma once

#include "compute_ipip.h"

namespace LAMMPS_NS {

class ComputeIpipBias : public ComputeIpip {
 public:
  ComputeIpipBias(class LAMMPS* lmp, int narg, char** arg);
  double compute_scalar() override;

 private:
  void check_student() override;
  void copy(double* of_atoms) override;
};

}  // namespace LAMMPS_NS
