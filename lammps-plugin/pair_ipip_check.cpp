// SPDX-License-Identifier: GPL-2.0-or-later
// `check yes`: the exchange tests itself after each reneighbouring. k: row, w: column.
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "pair_ipip.h"

using namespace LAMMPS_NS;

namespace {

constexpr std::int64_t kWidth = 6;  // owner's rank, its index, species, position

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.15g", value);
  return text.data();
}

}  // namespace

// A halo row equals its owner's row, and its position is the ghost's modulo the box.
std::string PairIpip::wrong_halo_row() {
  const std::vector<std::int64_t>& species = step_.candidates().species;
  const std::int64_t n_local = step_.n_local(), n_total = step_.n_total();
  std::vector<double> table(n_total * kWidth, std::nan(""));
  for (std::int64_t k = 0; k < n_local; ++k) {
    const int i = step_.atoms()[k];
    const double* x = atom->x[i];
    const std::array<double, kWidth> row = {static_cast<double>(comm->me),
                                            static_cast<double>(i),
                                            static_cast<double>(species[k]),
                                            x[0],
                                            x[1],
                                            x[2]};
    std::copy(row.begin(), row.end(), table.begin() + k * kWidth);
  }
  halo_->forward(table.data(), kWidth, ipip::Scalar::float64);
  for (std::int64_t k = n_local; k < n_total; ++k) {
    const double* row = &table[k * kWidth];
    const HaloSource& source = step_.halo()[k - n_local];
    const double* ghost = atom->x[step_.atoms()[k]];
    // Measured in boxes from the box's corner: whole numbers up to round-off.
    double apart[3], boxes[3];
    for (int a = 0; a < 3; ++a) apart[a] = ghost[a] - row[3 + a] + domain->boxlo[a];
    domain->x2lamda(apart, boxes);
    bool image = true;
    for (const double shift : boxes) image = image && std::abs(shift - std::round(shift)) < 1e-9;
    if (row[0] != source.rank || row[1] != source.index || row[2] != species[k] || !image) {
      return "halo row " + std::to_string(k) + " should be atom " + std::to_string(source.index) +
             " of rank " + std::to_string(source.rank) + ", but is atom " + number(row[1]) +
             " of rank " + number(row[0]);
    }
  }
  return "";
}

// <H x, y> = <x, H' y> over all ranks, for the forward exchange H and its reverse H'.
std::string PairIpip::wrong_adjoint() {
  const std::size_t local = step_.n_local() * kWidth;
  const std::size_t total = step_.n_total() * kWidth;
  std::mt19937_64 generator(17 + comm->me);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  std::vector<double> x(total, 0.0), y(total);
  for (std::size_t w = 0; w < local; ++w) x[w] = uniform(generator);
  for (double& value : y) value = uniform(generator);
  std::vector<double> hx = x, hty = y;
  halo_->forward(hx.data(), kWidth, ipip::Scalar::float64);
  halo_->reverse(hty.data(), kWidth, ipip::Scalar::float64);
  std::array<double, 3> sums{}, all{};
  for (std::size_t w = 0; w < total; ++w) {
    sums[0] += hx[w] * y[w];
    sums[2] += 1.0;
  }
  for (std::size_t w = 0; w < local; ++w) sums[1] += x[w] * hty[w];
  MPI_Allreduce(sums.data(), all.data(), 3, MPI_DOUBLE, MPI_SUM, world);
  if (std::abs(all[0] - all[1]) <= 1e-13 * (1.0 + all[2])) return "";
  return "the reverse exchange is not the adjoint of the forward one: <Hx, y> is " +
         number(all[0]) + ", <x, H'y> is " + number(all[1]);
}

void PairIpip::check_halo() {
  const std::string row = wrong_halo_row();
  const std::string adjoint = wrong_adjoint();
  const std::string& failure = row.empty() ? adjoint : row;
  stop_together(failure.empty() ? failure : ": " + failure);
}
