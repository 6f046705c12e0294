// SPDX-License-Identifier: MIT
// Blocks of rows over threads. Included by the files that define FusedPainn.
#pragma once

#include <omp.h>

#include <algorithm>

#include "painn.hpp"

namespace ipip::fused {

/// Calls work(begin, end, scratch) for blocks of rows. What a block computes does not depend on the
/// thread, so that results are the same for any number of threads.
template <class T>
template <class F>
void FusedPainn<T>::each_block(std::int64_t n_rows, F&& work) {
  const std::int64_t n_blocks = (n_rows + block_ - 1) / block_;
#pragma omp parallel for num_threads(threads_) schedule(dynamic) if (threads_ > 1)
  for (std::int64_t block = 0; block < n_blocks; ++block) {
    work(block * block_, std::min((block + 1) * block_, n_rows),
         scratch_[static_cast<std::size_t>(omp_get_thread_num())]);
  }
}

}  // namespace ipip::fused
