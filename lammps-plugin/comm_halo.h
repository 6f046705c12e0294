// SPDX-License-Identifier: GPL-2.0-or-later
// Halo exchange by LAMMPS' own communication of ghost atoms: the reference for `halo plan`.
#pragma once

#include <cstdint>
#include <vector>

#include "ipip/halo.hpp"

namespace LAMMPS_NS {

class Comm;
class Pair;

/// The exchanger of `halo comm`. All ghost atoms travel, hop by hop and as double; rows are the
/// plan's rows, and one ghost stands for each halo row.
class CommHalo final : public ipip::HaloExchanger {
 public:
  CommHalo(Comm* comm, Pair* pair) : comm_(comm), pair_(pair) {}

  /// @param n_local rows owned
  /// @param n_all   LAMMPS atoms, local and ghost
  /// @param atoms   [n_total] LAMMPS index of an atom of each row
  void assign(std::int64_t n_local, std::int64_t n_all, const std::vector<int>& atoms);

  std::int64_t n_local() const override { return n_local_; }
  std::int64_t n_total() const override { return static_cast<std::int64_t>(atoms_.size()); }
  void forward(void* table, std::int64_t width, ipip::Scalar scalar) override;
  void reverse(void* table, std::int64_t width, ipip::Scalar scalar) override;

  // What the pair style's functions of the same names do during an exchange.
  int pack_forward(int n, const int* list, double* buffer) const;
  void unpack_forward(int n, int first, const double* buffer);
  int pack_reverse(int n, int first, double* buffer) const;
  void unpack_reverse(int n, const int* list, const double* buffer);

  /// Bytes of the buffers.
  double memory_bytes() const;

 private:
  template <typename T>
  void forward_as(T* table, std::int64_t width);
  template <typename T>
  void reverse_as(T* table, std::int64_t width);
  double* values(int atom) { return values_.data() + atom * width_; }
  const double* values(int atom) const { return values_.data() + atom * width_; }

  Comm* comm_;
  Pair* pair_;
  std::int64_t n_local_ = 0;
  std::int64_t n_all_ = 0;
  std::vector<int> atoms_;
  std::int64_t width_ = 0;
  std::vector<double> values_;  // [n_all, width]
};

}  // namespace LAMMPS_NS
