// SPDX-License-Identifier: GPL-2.0-or-later
#include "step_times.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

namespace LAMMPS_NS {

std::string warm_up_line(const WarmUp& warm_up, MPI_Comm world) {
  const std::array<double, 2> mine = {warm_up.cluster, warm_up.first};
  std::array<double, 2> most{};
  MPI_Reduce(mine.data(), most.data(), 2, MPI_DOUBLE, MPI_MAX, 0, world);
  int me = 0;
  MPI_Comm_rank(world, &me);
  if (me != 0) return "";
  std::array<char, 160> line{};
  std::snprintf(line.data(), line.size(),
                "pair_style ipip: warm-up %.3g s (a small cluster %.3g s, the first evaluation "
                "%.3g s), not included below\n",
                most[0] + most[1], most[0], most[1]);
  return line.data();
}

std::string times_table(const StepTimes& times, MPI_Comm world) {
  constexpr std::size_t kPhases = 5;
  constexpr std::size_t kLines = kPhases + 3;
  constexpr std::array<const char*, kLines> kNames = {"graph, s",       "forward, s", "halo, s",
                                                      "backward, s",    "forces, s",  "atoms/step",
                                                      "halo rows/step", "pairs/step"};
  const double steps = static_cast<double>(std::max<std::int64_t>(times.steps, 1));
  const double counted_steps = static_cast<double>(std::max<std::int64_t>(times.counted_steps, 1));
  const std::array<double, kLines> mine = {times.graph,
                                           times.forward,
                                           times.halo,
                                           times.backward,
                                           times.forces,
                                           static_cast<double>(times.atoms) / steps,
                                           static_cast<double>(times.halo_rows) / steps,
                                           static_cast<double>(times.pairs) / counted_steps};
  std::array<double, kLines> least{}, sum{}, most{};
  MPI_Reduce(mine.data(), least.data(), kLines, MPI_DOUBLE, MPI_MIN, 0, world);
  MPI_Reduce(mine.data(), sum.data(), kLines, MPI_DOUBLE, MPI_SUM, 0, world);
  MPI_Reduce(mine.data(), most.data(), kLines, MPI_DOUBLE, MPI_MAX, 0, world);
  int me = 0, n_ranks = 1;
  MPI_Comm_rank(world, &me);
  MPI_Comm_size(world, &n_ranks);
  if (me != 0 || times.steps == 0) return "";

  double all_phases = 0.0;
  for (std::size_t k = 0; k < kPhases; ++k) all_phases += sum[k];
  std::array<char, 128> line{};
  const auto print = [&](const char* format, auto... values) {
    std::snprintf(line.data(), line.size(), format, values...);
    return std::string(line.data());
  };
  std::string text = print("pair_style ipip: %lld evaluation%s on %d rank%s\n",
                           static_cast<long long>(times.steps), times.steps == 1 ? "" : "s",
                           n_ranks, n_ranks == 1 ? "" : "s");
  text += print("%-16s%12s%12s%12s%12s%8s\n", "", "least", "mean", "most", "most/mean", "share");
  for (std::size_t k = 0; k < kLines; ++k) {
    const double mean = sum[k] / n_ranks;
    text += print("%-16s%12.5g%12.5g%12.5g%12.2f", kNames[k], least[k], mean, most[k],
                  mean > 0.0 ? most[k] / mean : 1.0);
    const double share = all_phases > 0.0 ? 100.0 * sum[k] / all_phases : 0.0;
    text += k < kPhases ? print("%7.1f%%\n", share) : "\n";
  }
  return text;
}

template <typename Call>
void TimedHalo::timed(Call&& call) {
  const double start = MPI_Wtime();
  call();
  seconds_ += MPI_Wtime() - start;
}

void TimedHalo::forward(void* table, std::int64_t width, ipip::Scalar scalar) {
  timed([&] { inner_->forward(table, width, scalar); });
}

void TimedHalo::reverse(void* table, std::int64_t width, ipip::Scalar scalar) {
  timed([&] { inner_->reverse(table, width, scalar); });
}

void TimedHalo::begin_forward(void* table, std::int64_t width, ipip::Scalar scalar) {
  timed([&] { inner_->begin_forward(table, width, scalar); });
}

void TimedHalo::begin_packed(const void* sent, void* halo, std::int64_t width,
                             ipip::Scalar scalar) {
  timed([&] { inner_->begin_packed(sent, halo, width, scalar); });
}

void TimedHalo::end_forward() {
  timed([&] { inner_->end_forward(); });
}

void TimedHalo::progress() {
  timed([&] { inner_->progress(); });
}

}  // namespace LAMMPS_NS
