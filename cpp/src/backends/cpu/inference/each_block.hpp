// SPDX-License-Identifier: MIT
// Blocks of rows over threads. Included by the files that define Painn.
#pragma once

#include <omp.h>

#include <algorithm>

#include "painn.hpp"

namespace ipip::cpu {

/// Calls work(begin, end, scratch) for blocks of rows [first, last). What a block computes does not
/// depend on the thread, so that results are the same for any number of threads.
///
/// Every other step goes through the blocks from the last to the first: the data that the previous
/// step used last is still in the cache.
template <class T>
template <class F>
void Painn<T>::each_block(std::int64_t first, std::int64_t last, bool upwards, F&& work) {
  const std::int64_t n_blocks = (last - first + block_ - 1) / block_;
#pragma omp parallel for num_threads(threads_) schedule(dynamic) if (threads_ > 1)
  for (std::int64_t k = 0; k < n_blocks; ++k) {
    const std::int64_t block = upwards ? k : n_blocks - 1 - k;
    const int thread = omp_get_thread_num();
    work(first + block * block_, std::min(first + (block + 1) * block_, last),
         scratch_[static_cast<std::size_t>(thread)]);
    if (thread == 0) exchange_.progress();  // MPI stays on the calling thread
  }
}

/// One step between two exchanges: work on all local rows, which fills the rows of `sent` (none
/// where nothing travels); halo rows are filled at the end. Rows that other ranks wait for come
/// first, and blocks are the same in each step.
template <class T>
template <class F>
void Painn<T>::stage(Buffer<T>* sent, int parts, bool upwards, F&& work) {
  const std::int64_t n_early = exchange_.active() ? exchange_.n_early() : 0;
  const bool travels = sent != nullptr && exchange_.active();
  each_block(0, n_early, upwards, work);
  if (travels) exchange_.begin(sent->data(), parts);
  each_block(n_early, n_local_, upwards, work);
  if (travels) exchange_.end();
}

}  // namespace ipip::cpu
