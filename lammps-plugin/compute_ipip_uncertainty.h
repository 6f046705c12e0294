// SPDX-License-Identifier: GPL-2.0-or-later
// compute ipip/uncertainty: the expected error of the force on each atom, and the largest of a
// group. It reads what pair_style ipip evaluates in the steps that request it.
#pragma once

#include "compute_ipip.h"

namespace LAMMPS_NS {

class ComputeIpipUncertainty : public ComputeIpip {
 public:
  ComputeIpipUncertainty(class LAMMPS* lmp, int narg, char** arg);
  double compute_scalar() override;

 private:
  void check_student() override;
  void copy(double* of_atoms) override;
};

}  // namespace LAMMPS_NS
