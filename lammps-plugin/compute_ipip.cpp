// SPDX-License-Identifier: GPL-2.0-or-later
#include "compute_ipip.h"

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

ComputeIpip::ComputeIpip(LAMMPS* lmp, int narg, char** arg) : Compute(lmp, narg, arg) {
  if (narg != 3) {
    error->all(FLERR, "compute {} takes no arguments after its style, got {}: {}", style, narg - 3,
               arg[3]);
  }
  scalar_flag = 1;
  peratom_flag = 1;
  size_peratom_cols = 0;
  timeflag = 1;  // the pair style learns which steps are read
}

void ComputeIpip::init() {
  pair_ = dynamic_cast<PairIpip*>(force->pair_match("ipip", 1));
  if (pair_ == nullptr) {
    const bool several = force->pair_match("ipip", 1, 1) != nullptr;
    error->all(FLERR, "compute {} {}: the deck has {}, expected one `pair_style ipip`", id, style,
               several ? "several students" : "no student");
  }
  if (utils::strmatch(force->pair_style, "^hybrid/scaled")) {
    error->all(FLERR,
               "compute {} {}: pair_style is {}, with which forces are not a student's "
               "alone: use hybrid/overlay, or ipip by itself",
               id, style, force->pair_style);
  }
  if (pair_->student() == nullptr) {
    error->all(FLERR, "compute {} {}: pair_style ipip has no pair_coeff", id, style);
  }
  check_student();
  if (group->dynamic[igroup] == 0 && group->count(igroup) == 0) {
    error->all(FLERR, "compute {} {}: group {} has no atoms", id, style, group->names[igroup]);
  }
}

void ComputeIpip::compute_peratom() {
  invoked_peratom = update->ntimestep;
  values_.resize(static_cast<std::size_t>(std::max(1, atom->nmax)));
  vector_atom = values_.data();
  copy(vector_atom);
  for (int i = 0; i < atom->nlocal; ++i) {
    if ((atom->mask[i] & groupbit) == 0) vector_atom[i] = 0.0;
  }
}

double ComputeIpip::memory_usage() {
  return static_cast<double>(values_.capacity() * sizeof(double));
}
