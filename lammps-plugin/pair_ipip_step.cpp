// SPDX-License-Identifier: GPL-2.0-or-later
// One step of pair_style ipip. k: row of the student, i: LAMMPS index of its atom, a: x, y or z.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <string>

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "pair_ipip.h"
#include "update.h"

using namespace LAMMPS_NS;

void PairIpip::compute(int eflag, int vflag) {
  ev_init(eflag, vflag);
  if (neighbor->ago == 0 || mapped_build_ != neighbor->ncalls) {
    find_owners();
    step_.assign_rows(*list, owner_index_, atom->type, species_);
    mapped_build_ = neighbor->ncalls;
  }
  step_.collect_pairs(*list, atom->x, atom->type, atom->ntypes, student_->info().cutoff);
  try {
    student_->compute(step_.graph(), vflag_atom != 0 || cvflag_atom != 0, results_);
  } catch (const std::exception& failure) {
    error->one(FLERR, "pair_style ipip, step {}: {}", update->ntimestep, failure.what());
  }
  check_finite();
  add_forces_and_energies();
  if (vflag_either) add_virials();
  fill_pvector();
}

// Ghosts learn their owners from LAMMPS' own communication: tags need not exist or be unique.
void PairIpip::find_owners() {
  const std::size_t n_all = atom->nlocal + atom->nghost;
  owner_rank_.resize(n_all);
  owner_index_.resize(n_all);
  for (int i = 0; i < atom->nlocal; ++i) {
    owner_rank_[i] = comm->me;
    owner_index_[i] = i;
  }
  comm->forward_comm(this);
}

int PairIpip::pack_forward_comm(int n, int* list, double* buffer, int /*pbc_flag*/, int* /*pbc*/) {
  int m = 0;
  for (int k = 0; k < n; ++k) {
    buffer[m++] = owner_rank_[list[k]];
    buffer[m++] = owner_index_[list[k]];
  }
  return m;
}

void PairIpip::unpack_forward_comm(int n, int first, double* buffer) {
  for (int i = first; i < first + n; ++i) {
    owner_rank_[i] = static_cast<int>(*buffer++);
    owner_index_[i] = static_cast<int>(*buffer++);
  }
}

// A trajectory never goes on from a force that is not a number.
void PairIpip::check_finite() const {
  const std::vector<int>& atoms = step_.atoms();
  for (std::size_t k = 0; k < atoms.size(); ++k) {
    const double* f = &results_.forces[3 * k];
    const bool finite = std::isfinite(results_.atom_energies[k]) && std::isfinite(f[0]) &&
                        std::isfinite(f[1]) && std::isfinite(f[2]);
    if (finite) continue;
    const std::string name = atom->tag_enable ? "ID " + std::to_string(atom->tag[atoms[k]])
                                              : "local index " + std::to_string(atoms[k]);
    error->one(FLERR,
               "pair_style ipip, step {}: energy or force of the atom with {} is not finite, "
               "expected numbers: the atoms are where the student cannot go, so look at the frames "
               "just before, and take a smaller time step or a student that knows them",
               update->ntimestep, name);
  }
}

void PairIpip::add_forces_and_energies() {
  const std::vector<int>& atoms = step_.atoms();
  for (std::size_t k = 0; k < atoms.size(); ++k) {
    double* f = atom->f[atoms[k]];
    for (int a = 0; a < 3; ++a) f[a] += energy_unit_ * results_.forces[3 * k + a];
  }
  if (eflag_global) eng_vdwl += energy_unit_ * results_.energy;
  if (eflag_atom) {
    for (std::size_t k = 0; k < atoms.size(); ++k) {
      eatom[atoms[k]] += energy_unit_ * results_.atom_energies[k];
    }
  }
}

// libipip: xx xy xz yx yy yz zx zy zz. LAMMPS: xx yy zz xy xz yz, then yx zx zy where nine are
// kept. Six numbers hold the symmetric part; the sum over atoms is symmetric anyway.
void PairIpip::add_virials() {
  constexpr int kNine[9] = {0, 4, 8, 1, 2, 5, 3, 6, 7};
  constexpr int kMirror[9] = {0, 4, 8, 3, 6, 7, 1, 2, 5};
  const auto symmetric = [&](const double* w, int c) {
    return 0.5 * energy_unit_ * (w[kNine[c]] + w[kMirror[c]]);
  };
  if (vflag_global) {
    for (int c = 0; c < 6; ++c) virial[c] += symmetric(results_.virial.data(), c);
  }
  if (!vflag_atom && !cvflag_atom) return;
  const std::vector<int>& atoms = step_.atoms();
  for (std::size_t k = 0; k < atoms.size(); ++k) {
    const double* w = &results_.atom_virials[9 * k];
    if (vflag_atom) {
      for (int c = 0; c < 6; ++c) vatom[atoms[k]][c] += symmetric(w, c);
    }
    if (cvflag_atom) {
      for (int c = 0; c < 9; ++c) cvatom[atoms[k]][c] += energy_unit_ * w[kNine[c]];
    }
  }
}

void PairIpip::fill_pvector() {
  double largest_squared = 0.0;
  const std::vector<double>& forces = results_.forces;
  for (std::size_t k = 0; k < forces.size(); k += 3) {
    largest_squared =
        std::max(largest_squared, forces[k] * forces[k] + forces[k + 1] * forces[k + 1] +
                                      forces[k + 2] * forces[k + 2]);
  }
  double* out = pvector;
  *out++ = energy_unit_ * std::sqrt(largest_squared);
  for (int i = 1; i <= atom->ntypes; ++i) {
    for (int j = i; j <= atom->ntypes; ++j) *out++ = step_.closest(i, j);
  }
}

double PairIpip::memory_usage() {
  const auto bytes = [](const auto& buffer) {
    return static_cast<double>(buffer.capacity() * sizeof(buffer[0]));
  };
  return Pair::memory_usage() + step_.memory_bytes() + bytes(owner_rank_) + bytes(owner_index_) +
         bytes(results_.atom_energies) + bytes(results_.forces) + bytes(results_.atom_virials) +
         (student_ ? student_->buffer_bytes() : 0.0);
}
