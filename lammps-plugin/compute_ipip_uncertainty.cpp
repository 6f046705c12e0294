// SPDX-License-Identifier: GPL-2.0-or-later
#include "compute_ipip_uncertainty.h"

#include <mpi.h>

#include <algorithm>
#include <cstddef>

#include "atom.h"
#include "error.h"
#include "force.h"
#include "group.h"
#include "pair_ipip.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

extern "C" __attribute__((visibility("default"))) void* ipip_create_uncertainty(void* lmp, int narg,
                                                                                char** arg) {
  return new ComputeIpipUncertainty(static_cast<LAMMPS*>(lmp), narg, arg);
}

ComputeIpipUncertainty::ComputeIpipUncertainty(LAMMPS* lmp, int narg, char** arg)
    : Compute(lmp, narg, arg) {
  if (narg != 3) {
    error->all(FLERR, "compute ipip/uncertainty takes no arguments after its style, got {}: {}",
               narg - 3, arg[3]);
  }
  scalar_flag = 1;
  extscalar = 0;
  peratom_flag = 1;
  size_peratom_cols = 0;
  timeflag = 1;  // the pair style learns which steps are read
}

void ComputeIpipUncertainty::init() {
  pair_ = dynamic_cast<PairIpip*>(force->pair_match("ipip", 1));
  if (pair_ == nullptr) {
    const bool several = force->pair_match("ipip", 1, 1) != nullptr;
    error->all(FLERR,
               "compute {} ipip/uncertainty: the deck has {}, expected one `pair_style ipip`", id,
               several ? "several students" : "no student");
  }
  if (utils::strmatch(force->pair_style, "^hybrid/scaled")) {
    error->all(FLERR,
               "compute {} ipip/uncertainty: pair_style is {}, under which forces are no student's "
               "alone: use hybrid/overlay, or ipip by itself",
               id, force->pair_style);
  }
  const ipip::Student* student = pair_->student();
  if (student == nullptr) {
    error->all(FLERR, "compute {} ipip/uncertainty: pair_style ipip has no pair_coeff", id);
  }
  if (!student->has_uncertainty()) {
    error->all(FLERR,
               "compute {} ipip/uncertainty: {} does not say what errors to expect: add that with "
               "`ipip uncertainty {} FRAMES` and labelled frames that it was not trained on",
               id, student->info().path, student->info().path);
  }
  if (group->dynamic[igroup] == 0 && group->count(igroup) == 0) {
    error->all(FLERR, "compute {} ipip/uncertainty: group {} has no atoms", id,
               group->names[igroup]);
  }
}

void ComputeIpipUncertainty::compute_peratom() {
  invoked_peratom = update->ntimestep;
  values_.resize(static_cast<std::size_t>(std::max(1, atom->nmax)));
  vector_atom = values_.data();
  if (!pair_->copy_uncertainties(vector_atom)) {
    error->all(FLERR,
               "compute {} ipip/uncertainty was not evaluated on step {}, since nothing had asked "
               "for it then: read it by thermo_style, a dump or a fix, or in a variable of one",
               id, update->ntimestep);
  }
  for (int i = 0; i < atom->nlocal; ++i) {
    if ((atom->mask[i] & groupbit) == 0) vector_atom[i] = 0.0;
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

double ComputeIpipUncertainty::memory_usage() {
  return static_cast<double>(values_.capacity() * sizeof(double));
}
