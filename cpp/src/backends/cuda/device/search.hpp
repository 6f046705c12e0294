// SPDX-License-Identifier: MIT
// Points within reach of each other, by cells: a warp a point, a lane a point of the cells around.
#pragma once

#include "block.hpp"
#include "sort.hpp"

namespace ipip::cuda {

IPIP_DEVICE int cell_along(const Cells& cells, int axis, double x) {
  const double at = (x - cells.low[axis]) * cells.per_length[axis];
  const int cell = at >= 0.0 ? static_cast<int>(at) : 0;
  return cell < cells.n[axis] ? cell : cells.n[axis] - 1;
}

IPIP_DEVICE void run(const FindCells& k, const Block& block) {
  each_item(block, k.n_points, [&](std::int64_t p) {
    int cell = -1;
    if (read(k.kinds, p) != kAbsent) {
      cell = cell_along(k.cells, 2, read(k.points, 3 * p + 2));
      for (int x = 1; x >= 0; --x) {
        cell = cell * k.cells.n[x] + cell_along(k.cells, x, read(k.points, 3 * p + x));
      }
    }
    write(k.keys, p, cell);
  });
}

// Calls f(q, near) for the points of the cells around p: three cells in a line follow each other.
template <class F>
IPIP_DEVICE void each_near(const CellPoints& k, int p, const F& f) {
  double centre[3];
  int low[3], high[3];
  for (int x = 0; x < 3; ++x) {
    centre[x] = read(k.points, std::int64_t(3) * p + x);
    const int cell = cell_along(k.cells, x, centre[x]);
    low[x] = cell > 0 ? cell - 1 : 0;
    high[x] = cell + 1 < k.cells.n[x] ? cell + 1 : cell;
  }
  const double reach_squared = k.reach_squared;
  for (int z = low[2]; z <= high[2]; ++z) {
    for (int y = low[1]; y <= high[1]; ++y) {
      const std::int64_t line = (std::int64_t(z) * k.cells.n[1] + y) * k.cells.n[0];
      const int begin = read(k.first, line + low[0]), end = read(k.first, line + high[0] + 1);
      for (int batch = begin; batch < end; batch += kLanes) {
        const Lanes<std::int64_t> at = convert<std::int64_t>(lane() + batch);
        const Lanes<bool> there = at < std::int64_t(end);
        const Lanes<int> q = gather(k.sorted, at, there);
        const Lanes<std::int64_t> from = std::int64_t(3) * convert<std::int64_t>(q);
        Lanes<double> squared = 0.0;
        for (int x = 0; x < 3; ++x) {
          const Lanes<double> r = gather(k.points, from + x, there) - centre[x];
          squared += r * r;
        }
        const Lanes<bool> near =
            there && each_lane([=](double s, int other) { return s < reach_squared && other != p; },
                               squared, q);
        f(q, near);
      }
    }
  }
}

IPIP_DEVICE void run(const CountNear& k, const Block& block) {
  block.each_warp([&](int warp) {
    const std::int64_t p = block.index() * (CountNear::kThreads / kLanes) + warp;
    if (p >= k.n_points) return;
    const int kind = read(k.cells.kinds, p);
    const bool local = p < k.n_local;
    const int n_local = static_cast<int>(k.n_local);
    int count = 0, contacts = 0;
    if (kind == kRemote || (kind == kOwn && local)) {
      each_near(k.cells, static_cast<int>(p), [&](const Lanes<int>& q, const Lanes<bool>& near) {
        count += count_all(near);
        const Lanes<int> other = gather(k.cells.kinds, convert<std::int64_t>(q), near);
        contacts += count_all(
            near && each_lane([=](int at, int of) { return local ? of == kRemote : at < n_local; },
                              q, other));
      });
    }
    write_once(k.contacts, p, contacts > 0 ? 1 : 0);
    if (local) write_once(k.counts, p, count);
  });
}

IPIP_DEVICE void run(const CountRows& k, const Block& block) {
  each_item(block, k.n_rows,
            [&](std::int64_t row) { write(k.of_rows, row, read(k.counts, read(k.centres, row))); });
}

IPIP_DEVICE void run(const FillNear& k, const Block& block) {
  block.each_warp([&](int warp) {
    const std::int64_t row = block.index() * (FillNear::kThreads / kLanes) + warp;
    if (row >= k.n_rows) return;
    int at = read(k.first, row);
    each_near(k.cells, read(k.centres, row), [&](const Lanes<int>& q, const Lanes<bool>& near) {
      scatter(k.neighbours, convert<std::int64_t>(count_before(near) + at), q, near);
      at += count_all(near);
    });
  });
}

}  // namespace ipip::cuda
