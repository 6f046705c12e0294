// SPDX-License-Identifier: MIT
// What goes in and out of the sweeps: geometry of pairs and its changes, a thread a pair, and sums
// over frames, a block a frame.
//
// a, b: axes.
#pragma once

#include "../../../../model/spline.hpp"
#include "../../training/kernels.hpp"
#include "../block.hpp"

namespace ipip::cuda {

// The length of a vector; a tiny one keeps the direction of two atoms at one place a number.
IPIP_DEVICE double length_of(const double (&r)[3]) {
  return square_root(r[0] * r[0] + r[1] * r[1] + r[2] * r[2] + 1e-24);
}

template <class T>
IPIP_DEVICE void run(const PlacePairs<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const std::int64_t e = block.index() * PlacePairs<T>::kThreads + thread;
    if (e < k.n_rows) {
      write(k.pairs.count, e, read(k.pairs.first, e + 1) - read(k.pairs.first, e));
    }
    if (e >= k.n_pairs) return;
    double r[3];
    for (int a = 0; a < 3; ++a) r[a] = read(k.vectors, 3 * e + a);
    const double d = length_of(r);
    const int piece = read(k.piece, e);
    const bool beyond = piece >= k.pieces;  // where the table's rows are zeros
    write(k.pairs.place, 2 * e, read(k.neighbours, e));
    write(k.pairs.place, 2 * e + 1, beyond ? k.pieces + kDegree : piece);
    write(k.pairs.shape, 4 * e, beyond ? T(0) : static_cast<T>(d / k.pairs.length - piece));
    for (int a = 0; a < 3; ++a) write(k.pairs.shape, 4 * e + 1 + a, static_cast<T>(r[a] / d));
    write(k.slot, e, static_cast<int>(e));
  });
}

template <class T>
IPIP_DEVICE void run(const ChangePairs<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const std::int64_t e = block.index() * ChangePairs<T>::kThreads + thread;
    if (e >= k.n_pairs) return;
    const std::int64_t i = read(k.receivers, e), j = read(k.neighbours, e);
    const std::int64_t frame = read(k.frames, i);
    double r[3], lambda[3], along = 0.0;
    for (int a = 0; a < 3; ++a) r[a] = read(k.vectors, 3 * e + a);
    const double inverse = 1.0 / length_of(r);
    for (int b = 0; b < 3; ++b) {
      lambda[b] = read(k.of_forces, 3 * i + b) - read(k.of_forces, 3 * j + b);
      for (int a = 0; a < 3; ++a) lambda[b] += read(k.of_strain, 9 * frame + 3 * a + b) * r[a];
      along += lambda[b] * r[b] * inverse;
    }
    write(k.changes, 4 * e, static_cast<T>(along));
    for (int b = 0; b < 3; ++b) {
      write(k.changes, 4 * e + 1 + b,
            static_cast<T>((lambda[b] - along * r[b] * inverse) * inverse));
    }
  });
}

// Each thread takes every so many rows; its ten sums wait in shared memory.
IPIP_DEVICE void run(const SumFrames& k, const Block& block) {
  const Array<double> partial = block.shared<double>();
  block.each_thread([&](int thread) {
    double sums[kSums] = {};
    for (std::int64_t i = thread; i < k.n_rows; i += SumFrames::kThreads) {
      if (read(k.frames, i) != block.index()) continue;
      sums[0] += read(k.energies, i);
      for (int c = 0; c < 9; ++c) sums[1 + c] -= read(k.virials, kSums * i + c);
    }
    for (int c = 0; c < kSums; ++c) write(partial, std::int64_t(thread) * kSums + c, sums[c]);
  });
  block.each_thread([&](int thread) {
    if (thread >= kSums) return;
    double sum = 0.0;
    for (int other = 0; other < SumFrames::kThreads; ++other) {
      sum += read(partial, std::int64_t(other) * kSums + thread);
    }
    write(k.sums, block.index() * kSums + thread, sum);
  });
}

}  // namespace ipip::cuda
