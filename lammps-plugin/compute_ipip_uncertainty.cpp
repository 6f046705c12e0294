// SPDX-License-Identifier: GPL-2.0-or-later
#include "compute_ipip_uncertainty.h"

#include <mpi.h>

#include <algorithm>

#include "atom.h"
#include "error.h"
#include "pair_ipip.h"
#include "update.h"

using namespace LAMMPS_NS;

extern "C" __attribute__((visibility("default"))) void* ipip_create_uncertainty(void* lmp, int narg,
                                                                                char** arg) {
  return new ComputeIpipUncertainty(static_cast<LAMMPS*>(lmp), narg, arg);
}

ComputeIpipUncertainty::ComputeIpipUncertainty(LAMMPS* lmp, int narg, char** arg)
    : ComputeIpip(lmp, narg, arg) {
  extscalar = 0;
}

void ComputeIpipUncertainty::check_student() {
  const ipip::Student* student = pair_->student();
  if (!student->has_uncertainty()) {
    error->all(FLERR,
               "compute {} ipip/uncertainty: {} has no expected errors: add them with "
               "`ipip uncertainty {} FRAMES` and labelled frames that it was not trained on",
               id, student->info().path, student->info().path);
  }
}

void ComputeIpipUncertainty::copy(double* of_atoms) {
  if (!pair_->copy_uncertainties(of_atoms)) {
    error->all(
        FLERR,
        "compute {} ipip/uncertainty was not evaluated on step {}, since nothing "
        "requested it: use it in thermo_style, a dump, a fix, or a variable that one of these uses",
        id, update->ntimestep);
  }
}

double ComputeIpipUncertainty::compute_scalar() {
  invoked_scalar = update->ntimestep;
  if (invoked_peratom != update->ntimestep) compute_peratom();
  double largest = 0.0;
  for (int i = 0; i < atom->nlocal; ++i) largest = std::max(largest, vector_atom[i]);
  MPI_Allreduce(&largest, &scalar, 1, MPI_DOUBLE, MPI_MAX, world);
  return scalar;
}
