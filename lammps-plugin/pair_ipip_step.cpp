// SPDX-License-Identifier: GPL-2.0-or-later
// One step of pair_style ipip. k: row of the student, i: LAMMPS index of its atom, a: x, y or z.
#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "atom.h"
#include "comm.h"
#include "compute.h"
#include "error.h"
#include "ipip/error.hpp"
#include "modify.h"
#include "neighbor.h"
#include "pair_ipip.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

namespace {

constexpr std::size_t kFirstDistance = 3;  // in extremes_
// Å: nearer than this, the direction of a force is rounding. As SAME_PLACE in ipip.graph.
constexpr double kSamePlace = 1e-3;

}  // namespace

void PairIpip::compute(int eflag, int vflag) {
  ev_init(eflag, vflag);
  const ipip::Wanted wanted{.atom_virials = vflag_atom != 0 || cvflag_atom != 0,
                            .uncertainties = asks_for_uncertainties(),
                            .totals = eflag_either != 0 || vflag_either != 0};
  const double start = MPI_Wtime();
  if (neighbor->ago == 0 || mapped_build_ != neighbor->ncalls) {
    map_atoms();
  } else if (mapped_types_.size() != static_cast<std::size_t>(atom->nlocal)) {
    error->one(FLERR,
               "pair_style ipip, step {}: a rank has {} atoms, but had {} when its neighbour list "
               "was made: after atoms were added or removed, start the next run with `pre yes`",
               update->ntimestep, atom->nlocal, mapped_types_.size());
  }
  if (!evaluate_step(start, wanted)) {
    // A trial move of `fix sgcmc`, or `set type` before `run ... pre no`, on any rank.
    map_atoms();
    evaluate_step(MPI_Wtime(), wanted);
  }
  uncertain_step_ = wanted.uncertainties ? update->ntimestep : -1;
  add_forces_and_energies();
  if (vflag_either) add_virials();
}

// Whether an output of this step reads the uncertainties.
bool PairIpip::asks_for_uncertainties() const {
  bool asks = false;
  for (Compute* compute : modify->get_compute_by_style("^ipip/uncertainty$")) {
    asks = compute->matchstep(update->ntimestep) != 0 || asks;
  }
  return asks && student_->has_uncertainty();
}

bool PairIpip::copy_uncertainties(double* of_atoms) const {
  if (uncertain_step_ != update->ntimestep) return false;
  copy_rows(results_.uncertainties, of_atoms);
  return true;
}

void PairIpip::copy_bias(double* of_atoms) const {
  copy_rows(results_.bias_energies, of_atoms);
}

// Values of the student's rows to the atoms, in the deck's units; 0 for other atoms.
void PairIpip::copy_rows(const std::vector<double>& values, double* of_atoms) const {
  std::fill_n(of_atoms, atom->nlocal, 0.0);
  const std::vector<int>& atoms = step_.atoms();
  for (std::int64_t k = 0; k < step_.n_local(); ++k) of_atoms[atoms[k]] = energy_unit_ * values[k];
}

// Returns whether the rows are still those of the atoms' types, on all ranks.
bool PairIpip::evaluate_step(double start, const ipip::Wanted& wanted) {
  times_.graph += MPI_Wtime() - start;
  const std::string failure = evaluate(wanted);
  if (warm_up_.pending) {
    warm_up_.pending = false;
    warm_up_.first = MPI_Wtime() - start;
    times_ = StepTimes();
  }
  fill_extremes();
  const std::string overlap = same_place();
  return agree_on_step(overlap.empty() ? failure : overlap);
}

// Energies, forces and virials of local atoms, with what other ranks' pairs add to them. A failure
// is returned, not thrown: the other ranks wait for this one's exchanges.
std::string PairIpip::evaluate(const ipip::Wanted& wanted) {
  std::string failure;
  const double start = MPI_Wtime();
  const double exchanged = halo_ ? halo_->seconds() : 0.0;
  try {
    const ipip::HaloScope scope(halo_);
    const std::int64_t n_points = atom->nlocal + atom->nghost;
    const double* points = n_points > 0 ? atom->x[0] : nullptr;
    student_->compute(points, n_points, wanted, results_);
  } catch (const ipip::LostExchanges& lost) {
    error->one(FLERR, "pair_style ipip, step {}: {}", update->ntimestep, lost.what());
  } catch (const std::exception& error) {
    failure = error.what();
    results_ = ipip::Results();
    if (wanted.totals) results_.atom_energies.assign(step_.n_local(), 0.0);
    results_.forces.assign(3 * step_.n_total(), 0.0);
    if (wanted.atom_virials) results_.atom_virials.assign(9 * step_.n_total(), 0.0);
    if (wanted.uncertainties) results_.uncertainties.assign(step_.n_local(), 0.0);
    if (biased()) results_.bias_energies.assign(step_.n_local(), 0.0);
  }
  const double wall = MPI_Wtime() - start;
  const double exchanging = halo_ ? halo_->seconds() - exchanged : 0.0;
  if (halo_) {
    // Before LAMMPS' own reverse communication, so that the largest force is taken from complete
    // forces.
    halo_->reverse(results_.forces.data(), 3, ipip::Scalar::float64);
    if (wanted.atom_virials) halo_->reverse(results_.atom_virials.data(), 9, ipip::Scalar::float64);
    times_.halo += halo_->seconds() - exchanged - exchanging;
  }
  count_step(wall, exchanging);
  return failure.empty() ? not_finite() : failure;
}

void PairIpip::count_step(double wall, double exchanging) {
  times_.graph += results_.pair_seconds;
  times_.halo += exchanging;
  times_.forward += results_.forward_seconds;
  times_.backward += results_.backward_seconds;
  times_.forces += wall - exchanging - results_.pair_seconds - results_.forward_seconds -
                   results_.backward_seconds;
  times_.steps += 1;
  times_.atoms += step_.n_local();
  times_.halo_rows += step_.n_total() - step_.n_local();
  if (results_.n_pairs >= 0) {
    times_.pairs += results_.n_pairs;
    times_.counted_steps += 1;
  }
}

// A trajectory never continues from a force that is not a number.
std::string PairIpip::not_finite() const {
  for (std::int64_t k = 0; k < step_.n_local(); ++k) {
    const double* f = &results_.forces[3 * k];
    const bool finite = (results_.atom_energies.empty() ||  // not requested
                         std::isfinite(results_.atom_energies[k])) &&
                        std::isfinite(f[0]) && std::isfinite(f[1]) && std::isfinite(f[2]);
    if (finite) continue;
    const int i = step_.atoms()[k];
    const std::string name = atom->tag_enable ? "ID " + std::to_string(atom->tag[i])
                                              : "local index " + std::to_string(i);
    return "energy or force of the atom with " + name +
           " is not finite: the atoms are outside what the student was trained on, so look "
           "at the frames just before, and use a smaller time step or a student trained on such "
           "frames";
  }
  return "";
}

// Nor from two atoms at the same place: their force has no direction, yet it is finite.
std::string PairIpip::same_place() const {
  const auto overlap = [](double closest_negated) { return -closest_negated < kSamePlace; };
  if (std::none_of(extremes_.begin() + kFirstDistance, extremes_.end(), overlap)) return "";
  const auto name = [&](int i) {
    return atom->tag_enable ? std::to_string(atom->tag[i]) : "(no IDs)";
  };
  // Two such atoms are near each other along x.
  std::vector<int> along;
  for (std::size_t i = 0; i < owners_.species.size(); ++i) {
    // NaN cannot be sorted.
    if (owners_.species[i] >= 0 && std::isfinite(atom->x[i][0])) {
      along.push_back(static_cast<int>(i));
    }
  }
  std::sort(along.begin(), along.end(),
            [&](int i, int j) { return atom->x[i][0] < atom->x[j][0]; });
  for (std::size_t k = 0; k < along.size(); ++k) {
    const int i = along[k];
    for (std::size_t next = k + 1; next < along.size(); ++next) {
      const int j = along[next];
      if (!(atom->x[j][0] - atom->x[i][0] < kSamePlace)) break;
      if (i >= atom->nlocal && j >= atom->nlocal) continue;
      double squared = 0.0;
      for (int a = 0; a < 3; ++a) {
        const double d = atom->x[j][a] - atom->x[i][a];
        squared += d * d;
      }
      if (squared >= kSamePlace * kSamePlace) continue;
      return "the atoms with IDs " + name(std::min(i, j)) + " and " + name(std::max(i, j)) +
             " are at the same place (" + std::to_string(std::sqrt(squared)) +
             " A apart), so their force has no direction: look for atoms that were created or read "
             "twice (`delete_atoms overlap` removes them)";
    }
  }
  return "two atoms are at the same place, so their force has no direction: look for atoms that "
         "were created or read twice (`delete_atoms overlap` removes them)";
}

void PairIpip::add_forces_and_energies() {
  const std::vector<int>& atoms = step_.atoms();
  for (std::int64_t k = 0; k < step_.n_local(); ++k) {
    double* f = atom->f[atoms[k]];
    for (int a = 0; a < 3; ++a) f[a] += energy_unit_ * results_.forces[3 * k + a];
  }
  if (eflag_global) eng_vdwl += energy_unit_ * results_.energy;
  if (eflag_atom) {
    for (std::int64_t k = 0; k < step_.n_local(); ++k) {
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
  for (std::int64_t k = 0; k < step_.n_local(); ++k) {
    const double* w = &results_.atom_virials[9 * k];
    if (vflag_atom) {
      for (int c = 0; c < 6; ++c) vatom[atoms[k]][c] += symmetric(w, c);
    }
    if (cvflag_atom) {
      for (int c = 0; c < 9; ++c) cvatom[atoms[k]][c] += energy_unit_ * w[kNine[c]];
    }
  }
}

// Largest force squared and the smallest distances with a minus sign: all are maxima over ranks.
void PairIpip::fill_extremes() {
  double largest_squared = 0.0;
  for (std::int64_t k = 0; k < step_.n_local(); ++k) {
    const double* f = &results_.forces[3 * k];
    largest_squared = std::max(largest_squared, f[0] * f[0] + f[1] * f[1] + f[2] * f[2]);
  }
  extremes_.clear();
  extremes_.push_back(0.0);  // whether this rank failed
  extremes_.push_back(types_changed() ? 1.0 : 0.0);
  extremes_.push_back(largest_squared);
  // Smallest distances come in the order of `compute pair`; none after a failure.
  results_.closest.resize(step_.candidates().n_kinds(), student_->info().cutoff);
  for (const double distance : results_.closest) extremes_.push_back(-distance);
  global_extremes_.resize(extremes_.size());
}

void PairIpip::publish_extremes() {
  std::fill_n(pvector, nextra, 0.0);
  if (comm->me != 0) return;
  pvector[0] = energy_unit_ * std::sqrt(global_extremes_[kFirstDistance - 1]);
  for (int k = 1; k < nextra; ++k) pvector[k] = -global_extremes_[kFirstDistance - 1 + k];
}

void PairIpip::finish() {
  if (warm_up_.unreported && !warm_up_.pending) {
    const std::string line = warm_up_line(warm_up_, world);
    if (!line.empty()) utils::logmesg(lmp, "\n" + line);
    warm_up_.unreported = false;
  }
  const std::string table = times_table(times_, world);
  if (!table.empty()) utils::logmesg(lmp, "\n" + table);
  times_ = StepTimes();
}

double PairIpip::memory_usage() {
  const auto bytes = [](const auto& buffer) {
    return static_cast<double>(buffer.capacity() * sizeof(buffer[0]));
  };
  return Pair::memory_usage() + step_.memory_bytes() + bytes(owners_.rank) + bytes(owners_.index) +
         bytes(results_.atom_energies) + bytes(results_.forces) + bytes(results_.atom_virials) +
         bytes(results_.uncertainties) + bytes(results_.bias_energies) + bytes(owners_.species) +
         bytes(places_.kinds) + bytes(contacts_.listed) + bytes(contacts_.touching) +
         bytes(mapped_types_) + bytes(absent_) + bytes(results_.closest) + bytes(extremes_) +
         bytes(global_extremes_) + (rank_halo_ ? rank_halo_->memory_bytes() : 0.0) +
         (comm_halo_ ? comm_halo_->memory_bytes() : 0.0) +
         (student_ ? student_->buffer_bytes() : 0.0);
}
