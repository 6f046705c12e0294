// SPDX-License-Identifier: GPL-2.0-or-later
// compute ipip/uncertainty: the error to expect of the force on each atom, and the largest of a
// group. It reads what pair_style ipip evaluates in the steps that ask for it.
#pragma once

#include <vector>

#include "compute.h"

namespace LAMMPS_NS {

class ComputeIpipUncertainty : public Compute {
 public:
  ComputeIpipUncertainty(class LAMMPS* lmp, int narg, char** arg);

  void init() override;
  double compute_scalar() override;
  void compute_peratom() override;
  double memory_usage() override;

 private:
  class PairIpip* pair_ = nullptr;
  std::vector<double> values_;  // [nlocal or more] in the deck's units
};

}  // namespace LAMMPS_NS
