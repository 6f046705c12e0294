// SPDX-License-Identifier: MIT
// Forces and per-atom virials gathered by rows, and sums over rows: nothing is scattered, so the
// results are the same, bit for bit, from run to run.
#pragma once

#include "block.hpp"

namespace ipip::cuda {

/// Adds a batch of pairs, lane p having one: its gradient to the force, and half of its virial.
template <class T>
struct ForceSums {
  Lanes<double> force[3], virial[9];

  IPIP_DEVICE ForceSums() {
    for (auto& component : force) component = 0.0;
    for (auto& component : virial) component = 0.0;
  }
  IPIP_DEVICE void add(const GatherForces<T>& k, double sign, Lanes<std::int64_t> e,
                       Lanes<bool> there) {
    Lanes<double> g[3];
    for (int x = 0; x < 3; ++x) {
      g[x] = convert<double>(gather(k.gradients, std::int64_t(4) * e + x, there));
      force[x] += sign * g[x];
    }
    if (k.atom_virials.size == 0) return;
    const Lanes<double> piece =
        convert<double>(gather(k.pairs.place, std::int64_t(2) * e + 1, there));
    const Lanes<double> d =
        (piece + convert<double>(gather(k.pairs.shape, std::int64_t(4) * e, there))) *
        k.pairs.length;
    for (int x = 0; x < 3; ++x) {
      const Lanes<double> r =
          d * convert<double>(gather(k.pairs.shape, std::int64_t(4) * e + (1 + x), there));
      for (int y = 0; y < 3; ++y) virial[3 * x + y] -= 0.5 * r * g[y];
    }
  }
};

// F_k = sum of g over the pairs that k receives over, minus those that it sends over
template <class T>
IPIP_DEVICE void run(const GatherForces<T>& k, const Block& block) {
  block.each_warp([&](int warp) {
    const std::int64_t row = block.index() * (GatherForces<T>::kThreads / kLanes) + warp;
    if (row >= k.n_total) return;
    ForceSums<T> sums;
    if (row < k.n_local) {
      const int begin = read(k.pairs.first, row), end = begin + read(k.pairs.count, row);
      for (int batch = begin; batch < end; batch += kLanes) {
        const Lanes<std::int64_t> e = convert<std::int64_t>(lane() + batch);
        sums.add(k, 1.0, e, e < std::int64_t(end));
      }
    }
    const int begin = read(k.sent_first, row), end = read(k.sent_first, row + 1);
    for (int batch = begin; batch < end; batch += kLanes) {
      const Lanes<std::int64_t> at = convert<std::int64_t>(lane() + batch);
      const Lanes<bool> there = at < std::int64_t(end);
      const Lanes<std::int64_t> c = convert<std::int64_t>(gather(k.sent, at, there));
      const Lanes<std::int64_t> e = convert<std::int64_t>(gather(k.slot, c, there));
      sums.add(k, -1.0, e, there && e >= std::int64_t(0));
    }
    for (int x = 0; x < 3; ++x) write_once(k.forces, 3 * row + x, sum<double>(sums.force[x]));
    if (k.atom_virials.size == 0) return;
    for (int component = 0; component < 9; ++component) {
      write_once(k.atom_virials, 9 * row + component, sum<double>(sums.virial[component]));
    }
  });
}

// Sixteen threads take the numbers of a row, as many groups of them every sixteenth row.
IPIP_DEVICE void run(const SumRows& k, const Block& block) {
  constexpr int kGroups = SumRows::kThreads / SumRows::kColumns;
  const Array<double> partial = block.shared<double>();
  const std::int64_t slice = (k.n_rows + k.n_slices - 1) / k.n_slices;
  const std::int64_t begin = block.index() * slice;
  const std::int64_t end = begin + slice < k.n_rows ? begin + slice : k.n_rows;
  block.each_thread([&](int thread) {
    const int column = thread % SumRows::kColumns, group = thread / SumRows::kColumns;
    double sum = 0.0;
    for (std::int64_t row = begin + group; row < end && column < kSums; row += kGroups) {
      sum += read(k.rows, row * kSums + column);
    }
    write(partial, thread, sum);
  });
  block.each_thread([&](int thread) {
    if (thread >= kSums) return;
    double sum = 0.0;
    for (int group = 0; group < kGroups; ++group) {
      sum += read(partial, group * SumRows::kColumns + thread);
    }
    write(k.sums, block.index() * kSums + thread, sum);
  });
}

}  // namespace ipip::cuda
