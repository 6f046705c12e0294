// SPDX-License-Identifier: GPL-2.0-or-later
// k: row of the student, w: column.
#include "comm_halo.h"

#include <algorithm>
#include <cstddef>

#include "comm.h"

namespace LAMMPS_NS {

void CommHalo::assign(std::int64_t n_local, std::int64_t n_all, const std::vector<int>& atoms) {
  n_local_ = n_local;
  n_all_ = n_all;
  atoms_ = atoms;
}

template <typename T>
void CommHalo::forward_as(T* table, std::int64_t width) {
  width_ = width;
  values_.assign(static_cast<std::size_t>(n_all_ * width), 0.0);
  for (std::int64_t k = 0; k < n_local_; ++k) {
    std::copy_n(table + k * width, width, values(atoms_[k]));
  }
  comm_->forward_comm(pair_, static_cast<int>(width));
  for (std::int64_t k = n_local_; k < n_total(); ++k) {
    const double* row = values(atoms_[k]);
    for (std::int64_t w = 0; w < width; ++w) table[k * width + w] = static_cast<T>(row[w]);
  }
}

template <typename T>
void CommHalo::reverse_as(T* table, std::int64_t width) {
  width_ = width;
  values_.assign(static_cast<std::size_t>(n_all_ * width), 0.0);
  for (std::int64_t k = n_local_; k < n_total(); ++k) {
    std::copy_n(table + k * width, width, values(atoms_[k]));
  }
  comm_->reverse_comm(pair_, static_cast<int>(width));
  for (std::int64_t k = 0; k < n_local_; ++k) {
    const double* row = values(atoms_[k]);
    for (std::int64_t w = 0; w < width; ++w) table[k * width + w] += static_cast<T>(row[w]);
  }
}

void CommHalo::forward(void* table, std::int64_t width, ipip::Scalar scalar) {
  if (scalar == ipip::Scalar::float32) {
    forward_as(static_cast<float*>(table), width);
  } else {
    forward_as(static_cast<double*>(table), width);
  }
}

void CommHalo::reverse(void* table, std::int64_t width, ipip::Scalar scalar) {
  if (scalar == ipip::Scalar::float32) {
    reverse_as(static_cast<float*>(table), width);
  } else {
    reverse_as(static_cast<double*>(table), width);
  }
}

int CommHalo::pack_forward(int n, const int* list, double* buffer) const {
  for (int k = 0; k < n; ++k) buffer = std::copy_n(values(list[k]), width_, buffer);
  return static_cast<int>(n * width_);
}

void CommHalo::unpack_forward(int n, int first, const double* buffer) {
  std::copy_n(buffer, n * width_, values(first));
}

int CommHalo::pack_reverse(int n, int first, double* buffer) const {
  std::copy_n(values(first), n * width_, buffer);
  return static_cast<int>(n * width_);
}

void CommHalo::unpack_reverse(int n, const int* list, const double* buffer) {
  for (int k = 0; k < n; ++k) {
    double* row = values(list[k]);
    for (std::int64_t w = 0; w < width_; ++w) row[w] += *buffer++;
  }
}

double CommHalo::memory_bytes() const {
  return static_cast<double>(atoms_.capacity() * sizeof(int) + values_.capacity() * sizeof(double));
}

}  // namespace LAMMPS_NS
