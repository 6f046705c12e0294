// SPDX-License-Identifier: GPL-2.0-or-later
// Where the time of pair_style ipip goes, on each rank and between ranks.
#pragma once

#include <mpi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ipip/halo.hpp"

namespace LAMMPS_NS {

/// Seconds and counts of this rank since the last report.
struct StepTimes {
  double graph = 0.0;     ///< rows, halo plan, pairs
  double forward = 0.0;   ///< energies, without exchanges
  double halo = 0.0;      ///< exchanges, waiting for other ranks included
  double backward = 0.0;  ///< gradients on pairs, without exchanges
  double forces = 0.0;    ///< forces and virials from them, and the student's own lists
  std::int64_t steps = 0;
  std::int64_t atoms = 0;  ///< local rows, summed over steps
  std::int64_t halo_rows = 0;
  std::int64_t pairs = 0;          ///< summed over steps that counted them
  std::int64_t counted_steps = 0;  ///< a step on a device does with energies or virials only
};

/// Seconds of this rank before times are measured.
struct WarmUp {
  double cluster = 0.0;    ///< a small cluster, when the student is read
  double first = 0.0;      ///< the first evaluation of the deck's own atoms
  bool pending = true;     ///< whether the first evaluation is still to come
  bool unreported = true;  ///< whether `warm_up_line` is still to be printed
};

/// The longest warm-up of all ranks in one line. Collective.
/// @return the text on rank 0, empty on others
std::string warm_up_line(const WarmUp& warm_up, MPI_Comm world);

/// A table with one line for each phase: smallest, mean and largest over ranks. Collective.
/// @return the text on rank 0, empty on others and where no step was made
std::string times_table(const StepTimes& times, MPI_Comm world);

/// Passes exchanges on to another exchanger and measures their time.
class TimedHalo final : public ipip::HaloExchanger {
 public:
  explicit TimedHalo(std::shared_ptr<ipip::HaloExchanger> inner) : inner_(std::move(inner)) {}

  std::int64_t n_local() const override { return inner_->n_local(); }
  std::int64_t n_total() const override { return inner_->n_total(); }
  void forward(void* table, std::int64_t width, ipip::Scalar scalar) override;
  void reverse(void* table, std::int64_t width, ipip::Scalar scalar) override;
  std::int64_t n_early() const override { return inner_->n_early(); }
  void begin_forward(void* table, std::int64_t width, ipip::Scalar scalar) override;
  void end_forward() override;
  void progress() override;
  std::vector<std::int64_t> sent_rows() const override { return inner_->sent_rows(); }
  void begin_packed(const void* sent, void* halo, std::int64_t width, ipip::Scalar scalar) override;
  bool takes_device_memory() const override { return inner_->takes_device_memory(); }
  double seconds() const override { return seconds_; }

 private:
  template <typename Call>
  void timed(Call&& call);

  std::shared_ptr<ipip::HaloExchanger> inner_;
  double seconds_ = 0.0;
};

}  // namespace LAMMPS_NS
