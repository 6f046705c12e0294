// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs of pair_style ipip that read the deck. The step is in pair_ipip_step.cpp.
#include "pair_ipip.h"

#include <mpi.h>

#include <algorithm>
#include <cstring>
#include <exception>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "atom.h"
#include "comm.h"
#include "compute.h"
#include "devices.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "ipip/version.hpp"
#include "masses.h"
#include "memory.h"
#include "modify.h"
#include "neighbor.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

namespace {

constexpr int kDigestLength = 128;  // longer than any digest of a model file

// From 32 MB on glibc returns freed memory to the system and requests it again, page by page: where
// each step frees its memory, this takes more than half of a step of 2000 atoms.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void* ipip_create_pair(void* lmp) {
  // A plugin that was built separately may meet the libipip of a later ipip.
  if (ipip::headers() != IPIP_HEADERS) {
    static_cast<LAMMPS*>(lmp)->error->all(
        FLERR,
        "pair_style ipip was built for another libipip ({}) than the one it finds ({}, of ipip "
        "{}): rebuild the plugin, or reinstall ipip",
        IPIP_HEADERS, ipip::headers(), ipip::version());
  }
  return new PairIpip(static_cast<LAMMPS*>(lmp));
}

PairIpip::PairIpip(LAMMPS* lmp) : Pair(lmp) {
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  no_virial_fdotr_compute = 1;
  centroidstressflag = CENTROID_AVAIL;
  size_extremes();
}

PairIpip::~PairIpip() {
  delete[] pvector;
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

// For `compute pair`: largest force, then the smallest distance for each pair of types, whose
// number may be unknown before pair_coeff. The compute reads the length when it is defined.
void PairIpip::size_extremes() {
  const int before = nextra;
  nextra = 1 + atom->ntypes * (atom->ntypes + 1) / 2;
  if (pvector != nullptr && before == nextra) return;
  delete[] pvector;
  pvector = new double[nextra]();
  for (const Compute* compute : modify->get_compute_by_style("^pair$")) {
    if (before == 0 || compute->vector_flag == 0 || compute->size_vector != before) continue;
    error->all(FLERR,
               "pair_style ipip: compute {} pair was defined before the number of atom types was "
               "known to the style, so it would have {} values, expected {}: define it after "
               "pair_coeff",
               compute->id, before, nextra);
  }
}

void PairIpip::allocate() {
  allocated = 1;
  const int n = atom->ntypes + 1;
  memory->create(setflag, n, n, "pair:setflag");
  memory->create(cutsq, n, n, "pair:cutsq");
  forget_student();
}

// A student is loaded for given settings: other settings need a new pair_coeff.
void PairIpip::forget_student() {
  student_.reset();
  for (int i = 1; i <= atom->ntypes; ++i) {
    for (int j = i; j <= atom->ntypes; ++j) setflag[i][j] = 0;
  }
}

void PairIpip::coeff(int narg, char** arg) {
  if (narg < 4 || strcmp(arg[0], "*") != 0 || strcmp(arg[1], "*") != 0) {
    error->all(FLERR,
               "pair_style ipip: expected `pair_coeff * * FILE ELEMENT ...` with one element, or "
               "NULL, for each of the {} atom types",
               atom->ntypes);
  }
  if (!allocated) allocate();
  size_extremes();
  forget_student();
  load(arg[2]);
  map_elements(narg - 3, arg + 3);
}

namespace {

// LAMMPS drops or replaces bytes of commands that are not ASCII, so such a file is never found.
std::string explained(std::string failure) {
  const auto strange = [](unsigned char c) { return c >= 128; };
  if (std::none_of(failure.begin(), failure.end(), strange)) return failure;
  std::replace_if(failure.begin(), failure.end(), strange, '?');
  return failure +
         " (LAMMPS changes characters that are not ASCII in commands: run in the file's folder or "
         "link the file there, and name it by a relative path of ASCII characters)";
}

}  // namespace

void PairIpip::load(const std::string& name) {
  // Also looked for in the folders of LAMMPS_POTENTIALS, as every potential file is.
  const std::string found = utils::get_potential_file_path(name);
  choose_devices();
  check_units();
  options_.bias.energy = bias_ / energy_unit_;
  std::string failure;
  try {
    student_ = std::make_unique<ipip::Student>(found.empty() ? name : found, options_);
  } catch (const std::exception& error) {
    failure = explained(std::string(": ") + error.what());
  }
  stop_together(failure);
  require_same_student();
  if (student_->frees_memory_each_step()) keep_freed_memory();
  warm_up();
  if (comm->me != 0) return;
  const ipip::StudentInfo& info = student_->info();
  utils::logmesg(lmp, "ipip student {}: {} for {}, cutoff {} A, {}, weights {}; {}\n", info.path,
                 info.architecture, listed(info.symbols), info.cutoff, info.dtype,
                 info.weights_digest.substr(0, 19), student_->backend());
  if (biased()) {
    utils::logmesg(lmp,
                   "ipip: this run is biased to where the student is uncertain, by up to {} eV an "
                   "atom: energies, forces and pressures contain the bias (compute ipip/bias)\n",
                   options_.bias.energy);
  }
  const std::string notice = student_->notice();
  if (!notice.empty()) utils::logmesg(lmp, "ipip: {}\n", notice);
}

// Each rank selects its device; the table of all is printed once.
void PairIpip::choose_devices() {
  const std::string failure =
      choose_device(options_.backend, device_, share_, world, options_.device);
  stop_together(failure.empty() ? failure : ": " + failure);
  const std::string table = device_table(options_.device, world);
  if (comm->nprocs == 1 && options_.device == "cpu") return;
  if (!table.empty() && table != device_table_) utils::logmesg(lmp, table);
  device_table_ = table;
}

// A model that cannot run stops here, before any step.
void PairIpip::warm_up() {
  std::string failure;
  const double start = MPI_Wtime();
  try {
    student_->warm_up();
  } catch (const std::exception& error) {
    failure = std::string(", warm-up: ") + error.what();
  }
  stop_together(failure);
  warm_up_ = WarmUp();
  warm_up_.cluster = MPI_Wtime() - start;
}

// Each rank reads the file itself: on a cluster it may be a different file, or an old copy.
void PairIpip::require_same_student() {
  std::string first = student_->info().weights_digest;
  first.resize(kDigestLength, ' ');
  MPI_Bcast(first.data(), kDigestLength, MPI_CHAR, 0, world);
  first.erase(first.find_last_not_of(' ') + 1);
  const std::string& mine = student_->info().weights_digest;
  stop_together(mine == first ? ""
                              : ": rank " + std::to_string(comm->me) + " read a student with " +
                                    "weights " + mine + " from " + student_->info().path +
                                    ", but rank 0 one with weights " + first +
                                    ": give all ranks the same file");
}

void PairIpip::map_elements(int n_elements, char** elements) {
  const std::vector<std::string>& symbols = student_->info().symbols;
  if (n_elements != atom->ntypes) {
    error->all(FLERR,
               "pair_style ipip: pair_coeff names {} elements, expected one (or NULL) for each of "
               "the {} atom types",
               n_elements, atom->ntypes);
  }
  species_.assign(atom->ntypes + 1, -1);
  for (int k = 0; k < n_elements; ++k) {
    const std::string element = elements[k];
    if (element == "NULL") continue;
    const auto at = std::find(symbols.begin(), symbols.end(), element);
    if (at == symbols.end()) {
      error->all(FLERR,
                 "pair_style ipip: atom type {} is {}, but the student {} knows only {} (and NULL "
                 "for types it leaves out)",
                 k + 1, element, student_->info().path, listed(symbols));
    }
    species_[k + 1] = static_cast<int>(at - symbols.begin());
  }
  bool any = false;
  for (int i = 1; i <= atom->ntypes; ++i) {
    for (int j = i; j <= atom->ntypes; ++j) {
      setflag[i][j] = species_[i] >= 0 && species_[j] >= 0 ? 1 : 0;
      any = any || setflag[i][j] == 1;
    }
  }
  if (!any) {
    error->all(FLERR,
               "pair_style ipip: every atom type is NULL, expected an element for at least "
               "one of them");
  }
}

void PairIpip::init_style() {
  check_ranks();
  if (domain->dimension != 3) {
    error->all(FLERR, "pair_style ipip: dimension is {}, expected 3", domain->dimension);
  }
  check_companions();
  compare_masses();
  size_messages();
  mapped_build_ = -1;
  choose_pairs();
  if (!own_pairs_) neighbor->add_request(this, NeighConst::REQ_FULL);
}

// A student on a device finds pairs there, and LAMMPS makes no list for it. Exclusions and special
// bonds leave out all pairs of an atom, or the run stops, so no list is needed for them either.
void PairIpip::choose_pairs() {
  const bool alone = force->pair == this;
  own_pairs_ = student_->finds_candidates() && alone;
  if (own_pairs_) list = nullptr;
  std::string notice;
  if (student_->finds_candidates()) {
    notice = own_pairs_ ? "pairs are found on the device, without a neighbour list of LAMMPS"
                        : "pairs come from LAMMPS' neighbour list, since pair_style " +
                              std::string(force->pair_style) + " divides it among styles";
  }
  log_once(notice, pairs_notice_);
}

// Writes a notice to the log, unless it equals the last one.
void PairIpip::log_once(const std::string& notice, std::string& last) {
  if (comm->me == 0 && notice != last && !notice.empty()) {
    utils::logmesg(lmp, "ipip: {}\n", notice);
  }
  last = notice;
}

void PairIpip::check_units() {
  const std::string units = update->unit_style;
  if (units == "metal") {
    energy_unit_ = 1.0;
  } else if (units == "real") {
    energy_unit_ = utils::get_conversion_factor(utils::ENERGY, utils::METAL2REAL);
  } else {
    error->all(FLERR, "pair_style ipip: units are {}, expected metal or real", units);
  }
}

// Masses may be set after pair_coeff, so this waits for the run.
void PairIpip::compare_masses() {
  const MassCheck masses = check_masses(*lmp, species_, student_->info().symbols);
  if (!masses.error.empty()) error->all(FLERR, "pair_style ipip{}", masses.error);
  if (comm->me == 0 && masses.warning != mass_warning_ && !masses.warning.empty()) {
    error->warning(FLERR, masses.warning);
  }
  mass_warning_ = masses.warning;
}

// What LAMMPS would run with a wrong result.
void PairIpip::check_companions() {
  if (comm->nprocs > 1 && !modify->get_fix_by_style("^sgcmc$").empty()) {
    error->all(FLERR,
               "pair_style ipip: fix sgcmc takes energy differences of one rank's trial move while "
               "other ranks make theirs: use one rank");
  }
}

void PairIpip::add_tally_callback(Compute* compute) {
  error->all(
      FLERR,
      "pair_style ipip: compute {} sums energies of pairs, which a student does not have: use "
      "compute pe/atom, stress/atom or centroid/stress/atom",
      compute->style);
}

double PairIpip::init_one(int i, int j) {
  if (setflag[i][j] == 0) {
    error->all(FLERR,
               "pair_style ipip: atom types {} and {} have no pair_coeff: give one after "
               "pair_style",
               i, j);
  }
  return student_->info().cutoff;
}
