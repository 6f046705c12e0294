// SPDX-License-Identifier: MIT
// Items sorted by whole numbers: counted, placed wherever there is room, then put in order, so that
// any order of threads gives the same list.
#pragma once

#include "block.hpp"

namespace ipip::cuda {

// Calls f(m) for the item of a thread.
template <class F>
IPIP_DEVICE void each_item(const Block& block, std::int64_t n, const F& f) {
  block.each_thread([&](int thread) {
    const std::int64_t m = block.index() * kItemThreads + thread;
    if (m < n) f(m);
  });
}

IPIP_DEVICE int key_of(const Keys& keys, std::int64_t m) {
  const int of = read(keys.of, m);
  return keys.through.data == nullptr || of < 0 ? of : read(keys.through, of);
}

IPIP_DEVICE void run(const FillNumbers& k, const Block& block) {
  each_item(block, k.n, [&](std::int64_t m) { write(k.to, m, k.value); });
}

IPIP_DEVICE void run(const CountKeys& k, const Block& block) {
  each_item(block, k.keys.n, [&](std::int64_t m) {
    const int key = key_of(k.keys, m);
    if (key >= 0) increase(k.counts, key);
  });
}

// The counts of a thread, and their sum.
IPIP_DEVICE std::int64_t own_sum(const Array<int>& counts, std::int64_t begin, std::int64_t n) {
  std::int64_t sum = 0;
  for (std::int64_t m = begin; m < begin + kItemsPerThread && m < n; ++m) sum += read(counts, m);
  return sum;
}

IPIP_DEVICE void run(const SumSlices& k, const Block& block) {
  const Array<std::int64_t> partial = block.shared<std::int64_t>();
  block.each_thread([&](int thread) {
    write(partial, thread,
          own_sum(k.counts, block.index() * kSlice + thread * kItemsPerThread, k.n));
  });
  block.each_thread([&](int thread) {
    if (thread > 0) return;
    std::int64_t sum = 0;
    for (int t = 0; t < kItemThreads; ++t) sum += read(partial, t);
    write(k.sums, block.index(), sum);
  });
}

// partial: the threads' counts, then the sums of the counts before them; then their shares of what
// precedes the slice.
IPIP_DEVICE void run(const ScanSlices& k, const Block& block) {
  const Array<std::int64_t> partial = block.shared<std::int64_t>();
  const auto begin = [&](int thread) {
    return block.index() * kSlice + std::int64_t(thread) * kItemsPerThread;
  };
  block.each_thread([&](int thread) {
    std::int64_t before = 0;
    for (std::int64_t s = thread; s < block.index(); s += kItemThreads) before += read(k.sums, s);
    write(partial, thread, own_sum(k.counts, begin(thread), k.n));
    write(partial, kItemThreads + thread, before);
  });
  block.each_thread([&](int thread) {
    if (thread > 0) return;
    std::int64_t before = 0;
    for (int t = 0; t < kItemThreads; ++t) before += read(partial, kItemThreads + t);
    for (int t = 0; t < kItemThreads; ++t) {
      const std::int64_t own = read(partial, t);
      write(partial, t, before);
      before += own;
    }
    if (begin(kItemThreads) >= k.n) {
      write(k.first, k.n, static_cast<int>(before));
      write(k.total, 0, before);
    }
  });
  block.each_thread([&](int thread) {
    std::int64_t before = read(partial, thread);
    for (std::int64_t m = begin(thread); m < begin(thread + 1) && m < k.n; ++m) {
      write(k.first, m, static_cast<int>(before));
      before += read(k.counts, m);
    }
  });
}

IPIP_DEVICE void run(const PlaceKeys& k, const Block& block) {
  each_item(block, k.keys.n, [&](std::int64_t m) {
    const int key = key_of(k.keys, m);
    if (key < 0) return;
    const int place = read(k.first, key) + increase(k.taken, key);
    write(k.placed, place, static_cast<int>(m));
  });
}

// A thread takes the item at a place, not of a number: neighbouring threads then have the same key,
// and read the same places.
IPIP_DEVICE void run(const OrderKeys& k, const Block& block) {
  each_item(block, k.keys.n, [&](std::int64_t place) {
    if (place >= read(k.first, k.first.size - 1)) return;
    const int m = read(k.placed, place);
    const int key = key_of(k.keys, m);
    const int begin = read(k.first, key), end = read(k.first, key + 1);
    int before = 0;
    for (int at = begin; at < end; ++at) before += read(k.placed, at) < m ? 1 : 0;
    write(k.sorted, begin + before, m);
  });
}

}  // namespace ipip::cuda
