// SPDX-License-Identifier: GPL-2.0-or-later
#include "compute_ipip_bias.h"

#include <mpi.h>

#include "atom.h"
#include "error.h"
#include "pair_ipip.h"
#include "update.h"

using namespace LAMMPS_NS;

extern "C" __attribute__((visibility("default"))) void* ipip_create_bias(void* lmp, int narg,
                                                                         char** arg) {
  return new ComputeIpipBias(static_cast<LAMMPS*>(lmp), narg, arg);
}

ComputeIpipBias::ComputeIpipBias(LAMMPS* lmp, int narg, char** arg) : ComputeIpip(lmp, narg, arg) {
  extscalar = 1;
}

void ComputeIpipBias::check_student() {
  if (pair_->biased()) return;
  error->all(FLERR,
             "compute {} ipip/bias: the deck sets no bias, expected `pair_style ipip bias A` with "
             "an energy A above 0",
             id);
}

void ComputeIpipBias::copy(double* of_atoms) {
  pair_->copy_bias(of_atoms);
}

double ComputeIpipBias::compute_scalar() {
  invoked_scalar = update->ntimestep;
  if (invoked_peratom != update->ntimestep) compute_peratom();
  double sum = 0.0;
  for (int i = 0; i < atom->nlocal; ++i) sum += vector_atom[i];
  MPI_Allreduce(&sum, &scalar, 1, MPI_DOUBLE, MPI_SUM, world);
  return scalar;
}
