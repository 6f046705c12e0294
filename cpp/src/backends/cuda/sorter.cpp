// SPDX-License-Identifier: MIT
#include "sorter.hpp"

#include "index_limit.hpp"

namespace ipip::cuda {

Sorter::Sorter(Machine& machine)
    : machine_(machine),
      counts_(machine),
      placed_(machine),
      slices_(machine),
      total_(machine),
      host_total_(machine) {}

void Sorter::fill(Array<int> to, int value) {
  machine_.launch(FillNumbers{to.size, value, to});
}

std::int64_t Sorter::running_sums(Array<int> counts, Memory<int>& first, const char* what) {
  first.resize(counts.size + 1);
  slices_.resize(slices_of(counts.size));
  total_.resize(1);
  host_total_.resize(1);
  machine_.launch(SumSlices{counts.size, counts, slices_.array()});
  machine_.launch(ScanSlices{counts.size, counts, slices_.array(), first.array(), total_.array()});
  download(machine_, total_, host_total_);
  machine_.wait();
  const std::int64_t total = *host_total_.data();
  require_int(total, what);
  return total;
}

void Sorter::sort(const Keys& keys, std::int64_t n_keys, Memory<int>& first, Memory<int>& sorted,
                  const char* what) {
  counts_.resize(n_keys);
  fill(counts_.array(), 0);
  machine_.launch(CountKeys{keys, counts_.array()});
  running_sums(counts_.array(), first, what);
  fill(counts_.array(), 0);
  placed_.resize(keys.n);
  sorted.resize(keys.n);
  machine_.launch(PlaceKeys{keys, first.array(), counts_.array(), placed_.array()});
  machine_.launch(OrderKeys{keys, first.array(), placed_.array(), sorted.array()});
}

}  // namespace ipip::cuda
