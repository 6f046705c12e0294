// SPDX-License-Identifier: MIT
// Halo rows that are copies of local rows of the same process.
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "ipip/error.hpp"
#include "ipip/halo.hpp"

namespace ipip {
namespace {

template <typename T>
void gather(T* table, std::int64_t width, std::int64_t n_local,
            const std::vector<std::int64_t>& owners) {
  T* halo = table + n_local * width;
  for (const std::int64_t owner : owners) {
    halo = std::copy_n(table + owner * width, width, halo);
  }
}

template <typename T>
void scatter_add(T* table, std::int64_t width, std::int64_t n_local,
                 const std::vector<std::int64_t>& owners) {
  const T* halo = table + n_local * width;
  for (const std::int64_t owner : owners) {
    T* row = table + owner * width;
    for (std::int64_t column = 0; column < width; ++column) row[column] += *halo++;
  }
}

}  // namespace

GatherHalo::GatherHalo(std::int64_t n_local, std::vector<std::int64_t> owners)
    : n_local_(n_local), owners_(std::move(owners)) {
  if (n_local < 0) {
    throw Error("n_local is " + std::to_string(n_local) + ": expected a count of rows, 0 or more");
  }
  for (const std::int64_t owner : owners_) {
    if (owner < 0 || owner >= n_local) {
      throw Error("owner row " + std::to_string(owner) + " is not one of the " +
                  std::to_string(n_local) + " local rows: give each halo row a local owner");
    }
  }
}

void GatherHalo::forward(void* table, std::int64_t width, Scalar scalar) {
  if (scalar == Scalar::float32) {
    gather(static_cast<float*>(table), width, n_local_, owners_);
  } else {
    gather(static_cast<double*>(table), width, n_local_, owners_);
  }
}

void GatherHalo::reverse(void* table, std::int64_t width, Scalar scalar) {
  if (scalar == Scalar::float32) {
    scatter_add(static_cast<float*>(table), width, n_local_, owners_);
  } else {
    scatter_add(static_cast<double*>(table), width, n_local_, owners_);
  }
}

}  // namespace ipip
