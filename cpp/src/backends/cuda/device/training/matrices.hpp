// SPDX-License-Identifier: MIT
// Products of rows and matrices, and the gradients of matrices. Sums over rows are taken by slices,
// each in a fixed order, and slices are added in a fixed order: no atomic sum.
#pragma once

#include "../../training/kernels.hpp"
#include "../block.hpp"

namespace ipip::cuda {

/// Rows [begin, end) of a slice.
struct SliceOfRows {
  std::int64_t begin, end;

  IPIP_DEVICE SliceOfRows(std::int64_t n_rows, int n_slices, std::int64_t slice) {
    const std::int64_t length = (n_rows + n_slices - 1) / n_slices;
    begin = slice * length;
    end = begin + length < n_rows ? begin + length : n_rows;
  }
};

template <class T>
IPIP_DEVICE void run(const PickNumbers<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const std::int64_t at = block.index() * PickNumbers<T>::kThreads + thread;
    if (at >= k.to.size) return;
    const int place = read(k.place, at);
    write(k.to, at, place < 0 ? T(0) : read(k.from, place));
  });
}

template <class T>
IPIP_DEVICE void run(const MultiplyRows<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const std::int64_t tile = block.index() * MultiplyRows<T>::kThreads + thread;
    const int strips = k.matrix.n / 4, column = static_cast<int>(tile % strips) * 4;
    const std::int64_t first = tile / strips * 4;
    if (first >= k.n_rows) return;
    std::int64_t from[4];  // a row beyond the last reads that one
    for (int r = 0; r < 4; ++r) {
      const std::int64_t row = first + r < k.n_rows ? first + r : k.n_rows - 1;
      from[r] = k.x.at + row * k.x.pitch;
    }
    T sums[4][4] = {};
    for (int step = 0; step < k.matrix.k; step += 4) {
      Words<T, 4> x[4];
      IPIP_UNROLL
      for (int r = 0; r < 4; ++r) x[r] = read_words<4>(k.x.numbers, from[r] + step);
      IPIP_UNROLL
      for (int q = 0; q < 4; ++q) {
        const Words<T, 4> w = read_words<4>(
            k.matrix.numbers, k.matrix.at + std::int64_t(step + q) * k.matrix.n + column);
        IPIP_UNROLL
        for (int r = 0; r < 4; ++r) {
          IPIP_UNROLL
          for (int c = 0; c < 4; ++c) sums[r][c] += x[r].v[q] * w.v[c];
        }
      }
    }
    IPIP_UNROLL
    for (int r = 0; r < 4; ++r) {
      if (first + r >= k.n_rows) continue;
      Words<T, 4> out;
      for (int c = 0; c < 4; ++c) out.v[c] = sums[r][c];
      if (k.bias_at >= 0) {
        const Words<T, 4> bias = read_words<4>(k.matrix.numbers, k.bias_at + column);
        for (int c = 0; c < 4; ++c) out.v[c] += bias.v[c];
      }
      if (k.base.numbers.size > 0) {
        const Words<T, 4> base =
            read_words<4>(k.base.numbers, k.base.at + (first + r) * k.base.pitch + column);
        for (int c = 0; c < 4; ++c) out.v[c] += base.v[c];
      }
      write_words<4>(k.y.numbers, k.y.at + (first + r) * k.y.pitch + column, out);
    }
  });
}

template <class T>
IPIP_DEVICE void run(const OuterSlices<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const std::int64_t tile = block.index() * OuterSlices<T>::kThreads + thread;
    const int columns = k.k / 4, rows = k.m / 4;
    const std::int64_t slice = tile / (std::int64_t(rows) * columns);
    if (slice >= k.n_slices) return;
    const int at = static_cast<int>(tile % (std::int64_t(rows) * columns));
    const int row = at / columns * 4, column = at % columns * 4;
    const SliceOfRows own(k.n_rows, k.n_slices, slice);
    T sums[4][4] = {};
    for (int term = 0; term < k.n_terms; ++term) {
      // Not an index into the arguments, which would be copied to local memory.
      const Columns<T>& g = term == 0 ? k.g[0] : k.g[1];
      const Columns<T>& x = term == 0 ? k.x[0] : k.x[1];
      for (std::int64_t n = own.begin; n < own.end; ++n) {
        const Words<T, 4> left = read_words<4>(g.numbers, g.at + n * g.pitch + row);
        const Words<T, 4> right = read_words<4>(x.numbers, x.at + n * x.pitch + column);
        IPIP_UNROLL
        for (int r = 0; r < 4; ++r) {
          IPIP_UNROLL
          for (int c = 0; c < 4; ++c) sums[r][c] += left.v[r] * right.v[c];
        }
      }
    }
    IPIP_UNROLL
    for (int r = 0; r < 4; ++r) {
      Words<T, 4> out;
      for (int c = 0; c < 4; ++c) out.v[c] = sums[r][c];
      write_words<4>(k.sums, ((k.first_slice + slice) * k.m + row + r) * k.k + column, out);
    }
  });
}

template <class T>
IPIP_DEVICE void run(const ColumnSlices<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const std::int64_t at = block.index() * ColumnSlices<T>::kThreads + thread;
    const int column = static_cast<int>(at % k.width);
    const int kind = static_cast<int>(at / k.width % k.n_kinds);
    const std::int64_t slice = at / k.width / k.n_kinds;
    if (slice >= k.n_slices) return;
    const SliceOfRows own(k.n_rows, k.n_slices, slice);
    T sum = T(0);
    for (std::int64_t n = own.begin; n < own.end; ++n) {
      if (k.kinds.size > 0 && read(k.kinds, n) != kind) continue;
      sum += read(k.rows.numbers, k.rows.at + n * k.rows.pitch + column);
    }
    write(k.sums, at, sum);
  });
}

template <class T>
IPIP_DEVICE void run(const AddSlices<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const std::int64_t at = block.index() * AddSlices<T>::kThreads + thread;
    if (at >= k.count) return;
    T sum = k.add ? read(k.to, k.at + at) : T(0);
    for (int slice = 0; slice < k.n_slices; ++slice) sum += read(k.slices, slice * k.count + at);
    write(k.to, k.at + at, sum);
  });
}

}  // namespace ipip::cuda
