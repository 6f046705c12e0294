// SPDX-License-Identifier: GPL-2.0-or-later
// What pair_style ipip does together with other ranks. Everything here is collective.
#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "exclusions.h"
#include "force.h"
#include "gpu_aware.h"
#include "neighbor.h"
#include "pair_ipip.h"
#include "update.h"

using namespace LAMMPS_NS;

namespace {

constexpr int kOwnerWidth = 3;   // rank, index and species of the owner travel to each ghost
constexpr int kVirialWidth = 9;  // most numbers that return from a halo row besides features

// Runs work that may exhaust the memory of one rank; returns how it failed, for `stop_together`.
template <typename Work>
std::string attempt(Work&& work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    return ": out of memory for the pairs of a rank: use more ranks on more nodes";
  } catch (const std::exception& error) {
    return std::string(": ") + error.what();
  }
  return "";
}

}  // namespace

void PairIpip::check_ranks() {
  if (comm->nprocs > 1 && force->newton_pair == 0) {
    error->all(FLERR,
               "pair_style ipip: newton is off for pairs, expected on with {} MPI ranks: remove "
               "`newton off` from the deck, or use one rank",
               comm->nprocs);
  }
}

// Before Comm::init(), which sizes its buffers by these numbers: later they do not grow.
void PairIpip::size_messages() {
  comm_forward = kOwnerWidth;
  comm_reverse = 0;
  halo_.reset();
  rank_halo_.reset();
  comm_halo_.reset();
  if (comm->nprocs > 1 && plan_) {
    rank_halo_ = std::make_shared<RankHalo>(world, sends_device_memory());
    halo_ = std::make_shared<TimedHalo>(rank_halo_);
  } else if (comm->nprocs > 1) {
    comm_halo_ = std::make_shared<CommHalo>(comm, this);
    halo_ = std::make_shared<TimedHalo>(comm_halo_);
    const auto widest = static_cast<int>(student_->widest_exchange());
    comm_forward = std::max(kOwnerWidth, widest);
    comm_reverse = std::max(kVirialWidth, widest);
  }
  // A hybrid style set its numbers when the deck named it, before the student was read.
  force->pair->comm_forward = std::max(force->pair->comm_forward, comm_forward);
  force->pair->comm_reverse = std::max(force->pair->comm_reverse, comm_reverse);
}

// Whether MPI reads rows from the device itself: if the deck or MPI says so.
bool PairIpip::sends_device_memory() {
  if (!student_->finds_candidates()) return false;  // rows lie in main memory
  const bool direct = gpu_aware_ == "yes" || (gpu_aware_ == "auto" && mpi_takes_gpu_memory());
  const std::string notice =
      direct ? "halo rows travel from device to device"
             : "halo rows travel through pinned memory of the host, since " +
                   std::string(gpu_aware_ == "no" ? "gpu_aware is no"
                                                  : "MPI does not report that it reads "
                                                    "GPU memory (MPIX_Query_cuda_support)");
  log_once(notice, rows_notice_);
  return direct;
}

// Stops all ranks with the message of the lowest rank that has one.
void PairIpip::stop_together(const std::string& failure) {
  const int mine = failure.empty() ? 0 : comm->nprocs - comm->me;
  int worst = 0;
  MPI_Allreduce(&mine, &worst, 1, MPI_INT, MPI_MAX, world);
  if (worst == 0) return;
  const int root = comm->nprocs - worst;
  std::string text = failure;
  int length = static_cast<int>(text.size());
  MPI_Bcast(&length, 1, MPI_INT, root, world);
  text.resize(length);
  MPI_Bcast(text.data(), length, MPI_CHAR, root, world);
  error->all(FLERR, "pair_style ipip{}", text);
}

void PairIpip::map_atoms() {
  mapped_build_ = -1;  // no rows, in case a program continues after an error below
  stop_together(present_atoms());
  find_owners();
  stop_together(attempt([&] {
    own_pairs_ ? find_own_contacts() : contacts_.assign(*list, owners_);
    step_.assign_rows(contacts_, owners_, atom->type, atom->ntypes);
  }));
  stop_together(all_listed());
  if (rank_halo_) {
    const std::int64_t widest = std::max<std::int64_t>(kVirialWidth, student_->widest_exchange());
    const std::string failure =
        rank_halo_->plan(step_.n_local(), step_.row_of(), step_.halo(), widest);
    stop_together(failure.empty() ? failure : ": " + failure);
  } else if (comm_halo_) {
    comm_halo_->assign(step_.n_local(), atom->nlocal + atom->nghost, step_.atoms());
  }
  if (halo_ && check_) check_halo();
  stop_together(attempt([&] {
    if (own_pairs_) {
      student_->find_candidates(step_.candidates());
    } else {
      step_.collect_candidates(*list);
      student_->set_candidates(step_.candidates());
    }
  }));
  mapped_build_ = neighbor->ncalls;
  mapped_types_.assign(atom->type, atom->type + atom->nlocal);
}

// By the student, where its data is. As with a neighbour list, atoms move half a skin at most
// before the next search.
void PairIpip::find_own_contacts() {
  const std::size_t n_all = owners_.rank.size();
  places_.n_local = atom->nlocal;
  places_.reach = student_->info().cutoff + neighbor->skin;
  places_.kinds.resize(n_all);
  contacts_.listed.clear();
  for (std::size_t i = 0; i < n_all; ++i) {
    if (owners_.species[i] < 0) {
      places_.kinds[i] = ipip::Places::kAbsent;
    } else {
      places_.kinds[i] = owners_.rank[i] == comm->me ? ipip::Places::kOwn : ipip::Places::kRemote;
      if (i < static_cast<std::size_t>(atom->nlocal)) {
        contacts_.listed.push_back(static_cast<int>(i));
      }
    }
  }
  student_->find_contacts(places_, n_all > 0 ? atom->x[0] : nullptr, contacts_.touching);
}

bool PairIpip::types_changed() const {
  return !std::equal(mapped_types_.begin(), mapped_types_.end(), atom->type);
}

// Which atoms are in the system, and whether LAMMPS passes all of their pairs.
std::string PairIpip::present_atoms() {
  const std::string partly = find_absent(*lmp, species_, absent_);
  if (!partly.empty()) return partly;
  const std::string hybrid = list == nullptr ? "" : missing_in_list(*list, species_);
  return hybrid.empty() ? missing_bonded_pairs(*lmp, species_) : hybrid;
}

// A list of pair_style hybrid, made before an atom got its type, may not have the atom.
std::string PairIpip::all_listed() const {
  const auto wanted = std::count_if(owners_.species.begin(), owners_.species.begin() + atom->nlocal,
                                    [](int species) { return species >= 0; });
  if (step_.n_local() == wanted) return "";
  return ": the neighbour list has " + std::to_string(step_.n_local()) + " of a rank's " +
         std::to_string(wanted) +
         " atoms of the student: after a change of types, start the next run with `pre yes`";
}

// Ghosts learn their owners from LAMMPS' own communication: tags need not exist or be unique.
void PairIpip::find_owners() {
  const std::size_t n_all = atom->nlocal + atom->nghost;
  owners_.me = comm->me;
  owners_.rank.resize(n_all);
  owners_.index.resize(n_all);
  owners_.species.resize(n_all);
  for (int i = 0; i < atom->nlocal; ++i) {
    owners_.rank[i] = comm->me;
    owners_.index[i] = i;
    const bool absent = !absent_.empty() && absent_[i] != 0;
    owners_.species[i] = absent ? -1 : species_[atom->type[i]];
  }
  sending_owners_ = true;
  comm->forward_comm(this, kOwnerWidth);
  sending_owners_ = false;
}

int PairIpip::pack_forward_comm(int n, int* list, double* buffer, int /*pbc_flag*/, int* /*pbc*/) {
  if (!sending_owners_) return comm_halo_->pack_forward(n, list, buffer);
  int m = 0;
  for (int k = 0; k < n; ++k) {
    buffer[m++] = owners_.rank[list[k]];
    buffer[m++] = owners_.index[list[k]];
    buffer[m++] = owners_.species[list[k]];
  }
  return m;
}

void PairIpip::unpack_forward_comm(int n, int first, double* buffer) {
  if (!sending_owners_) {
    comm_halo_->unpack_forward(n, first, buffer);
    return;
  }
  for (int i = first; i < first + n; ++i) {
    owners_.rank[i] = static_cast<int>(*buffer++);
    owners_.index[i] = static_cast<int>(*buffer++);
    owners_.species[i] = static_cast<int>(*buffer++);
  }
}

int PairIpip::pack_reverse_comm(int n, int first, double* buffer) {
  return comm_halo_->pack_reverse(n, first, buffer);
}

void PairIpip::unpack_reverse_comm(int n, int* list, double* buffer) {
  comm_halo_->unpack_reverse(n, list, buffer);
}

// One reduction tells every rank whether all may continue, and the extremes over all ranks.
// `compute pair` sums pvector over ranks, so one rank holds the values and the others zeros.
//
// Returns whether no atom of any rank has another type than when rows were made.
bool PairIpip::agree_on_step(const std::string& failure) {
  extremes_[0] = failure.empty() ? 0.0 : 1.0;
  if (comm->nprocs > 1) {
    MPI_Allreduce(extremes_.data(), global_extremes_.data(), static_cast<int>(extremes_.size()),
                  MPI_DOUBLE, MPI_MAX, world);
  } else {
    global_extremes_ = extremes_;
  }
  // What failed with rows of other types is tried again with new ones.
  if (global_extremes_[1] > 0.0) return false;
  if (global_extremes_[0] > 0.0) {
    stop_together(failure.empty() ? failure
                                  : ", step " + std::to_string(update->ntimestep) + ": " + failure);
  }
  publish_extremes();
  return true;
}
