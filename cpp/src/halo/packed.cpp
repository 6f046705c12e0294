// SPDX-License-Identifier: MIT
// Packed rows for exchangers that only handle tables.
#include <algorithm>
#include <cstddef>
#include <numeric>

#include "ipip/halo.hpp"

namespace ipip {

std::vector<std::int64_t> HaloExchanger::sent_rows() const {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(n_early()));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

void HaloExchanger::begin_packed(const void* sent, void* halo, std::int64_t width, Scalar scalar) {
  const std::int64_t row = width * (scalar == Scalar::float32 ? 4 : 8);
  const auto bytes = [row](std::int64_t rows) { return static_cast<std::size_t>(rows * row); };
  table_.resize(bytes(n_total()));
  std::copy_n(static_cast<const unsigned char*>(sent), bytes(n_early()), table_.data());
  forward(table_.data(), width, scalar);
  std::copy_n(table_.data() + bytes(n_local()), bytes(n_total() - n_local()),
              static_cast<unsigned char*>(halo));
}

}  // namespace ipip
