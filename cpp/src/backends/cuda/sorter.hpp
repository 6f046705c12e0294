// SPDX-License-Identifier: MIT
// Items of a device sorted by whole numbers, and running sums there.
#pragma once

#include <cstdint>

#include "machine.hpp"
#include "memory.hpp"

namespace ipip::cuda {

class Sorter {
 public:
  explicit Sorter(Machine& machine);

  /// first[k] = counts[0] + ... + counts[k - 1], [n + 1]. Waits for the total.
  /// @throws ipip::Error  the total does not fit an int; `what` names the items
  std::int64_t running_sums(Array<int> counts, Memory<int>& first, const char* what);

  /// Items by key, in order within a key.
  /// @param first   [n_keys + 1] where each key begins, overwritten
  /// @param sorted  [keys.n] items; items without a key are left out, and the rest is undefined
  void sort(const Keys& keys, std::int64_t n_keys, Memory<int>& first, Memory<int>& sorted,
            const char* what);

 private:
  void fill(Array<int> to, int value);

  Machine& machine_;
  Memory<int> counts_, placed_;
  Memory<std::int64_t> slices_, total_;
  HostMemory<std::int64_t> host_total_;
};

}  // namespace ipip::cuda
