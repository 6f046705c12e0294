// SPDX-License-Identifier: MIT
// The kernels that find candidates: points sorted into cells, and the points within reach of each.
//
// p, q: points, k: row, c: candidate, m: item of a list that is sorted by whole numbers, its keys.
#pragma once

#include <cstdint>

#include "array.hpp"
#include "block_counts.hpp"

namespace ipip::cuda {

constexpr int kItemThreads = 256;  // of kernels that give each thread an item

/// A grid over the box of all points. A cell is at least as long as the reach.
struct Cells {
  double low[3] = {}, per_length[3] = {};
  int n[3] = {1, 1, 1};
  std::int64_t number() const { return std::int64_t(n[0]) * n[1] * n[2]; }
};

/// What a point is to the search.
enum PointKind : int { kAbsent = 0, kOwn = 1, kRemote = 2 };

struct FillNumbers {
  static constexpr int kThreads = kItemThreads;
  static constexpr int kBlocks = 4;
  std::int64_t n = 0;
  int value = 0;
  Array<int> to;  ///< [n]
  std::int64_t blocks() const { return blocks_for(n, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// The cell of each point.
struct FindCells {
  static constexpr int kThreads = kItemThreads;
  static constexpr int kBlocks = 4;
  std::int64_t n_points = 0;
  Cells cells;
  Array<double> points;  ///< [n_points, 3] Å
  Array<int> kinds;      ///< [n_points]
  Array<int> keys;       ///< [n_points] cell; -1 for an absent point
  std::int64_t blocks() const { return blocks_for(n_points, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// The key of an item m: `of[m]`, or `through[of[m]]` where `through` is there. Items whose key is
/// negative are left out.
struct Keys {
  std::int64_t n = 0;
  Array<int> of;
  Array<int> through;
};

struct CountKeys {
  static constexpr int kThreads = kItemThreads;
  static constexpr int kBlocks = 4;
  Keys keys;
  Array<int> counts;  ///< [n_keys] to be increased
  std::int64_t blocks() const { return blocks_for(keys.n, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

constexpr int kItemsPerThread = 8;
constexpr std::int64_t kSlice = std::int64_t(kItemThreads) * kItemsPerThread;

// At least one slice, even without counts; its sum is 0.
inline std::int64_t slices_of(std::int64_t n) {
  return n > 0 ? blocks_for(n, kSlice) : 1;
}

/// Sums of slices of `kSlice` counts.
struct SumSlices {
  static constexpr int kThreads = kItemThreads;
  static constexpr int kBlocks = 4;
  std::int64_t n = 0;
  Array<int> counts;         ///< [n]
  Array<std::int64_t> sums;  ///< [slices]
  std::int64_t blocks() const { return slices_of(n); }
  std::int64_t shared_bytes() const { return kThreads * std::int64_t(sizeof(std::int64_t)); }
};

/// Running sums of counts. They are right while the total fits an int.
struct ScanSlices {
  static constexpr int kThreads = kItemThreads;
  static constexpr int kBlocks = 4;
  std::int64_t n = 0;
  Array<int> counts;          ///< [n]
  Array<std::int64_t> sums;   ///< [slices]
  Array<int> first;           ///< [n + 1]
  Array<std::int64_t> total;  ///< [1]
  std::int64_t blocks() const { return slices_of(n); }
  std::int64_t shared_bytes() const { return 2 * kThreads * std::int64_t(sizeof(std::int64_t)); }
};

/// Items by key, in any order within a key.
struct PlaceKeys {
  static constexpr int kThreads = kItemThreads;
  static constexpr int kBlocks = 4;
  Keys keys;
  Array<int> first;   ///< [n_keys + 1]
  Array<int> taken;   ///< [n_keys] zeros, to be increased
  Array<int> placed;  ///< [n]
  std::int64_t blocks() const { return blocks_for(keys.n, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// Items by key, in order within a key, whatever order they arrived in.
struct OrderKeys {
  static constexpr int kThreads = kItemThreads;
  static constexpr int kBlocks = 4;
  Keys keys;
  Array<int> first;   ///< [n_keys + 1]
  Array<int> placed;  ///< [n]
  Array<int> sorted;  ///< [n]
  std::int64_t blocks() const { return blocks_for(keys.n, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// Points in their cells.
struct CellPoints {
  Cells cells;
  double reach_squared = 0.0;  ///< Å²
  Array<double> points;        ///< [n_points, 3] Å
  Array<int> kinds;            ///< [n_points]
  Array<int> first;            ///< [n_cells + 1]
  Array<int> sorted;           ///< [n_points] points by cell
};

/// How many points each local atom has within reach, and which points touch another rank's.
struct CountNear {
  static constexpr int kThreads = 128;
  static constexpr int kBlocks = 8;
  std::int64_t n_points = 0, n_local = 0;
  CellPoints cells;
  Array<int> counts;    ///< [n_local]
  Array<int> contacts;  ///< [n_points] 1 for a local atom that sees a remote point, or a remote
                        ///< point that a local atom sees
  std::int64_t blocks() const { return blocks_for(n_points, kThreads / kLanes); }
  std::int64_t shared_bytes() const { return 0; }
};

/// Counts of atoms as counts of rows.
struct CountRows {
  static constexpr int kThreads = kItemThreads;
  static constexpr int kBlocks = 4;
  std::int64_t n_rows = 0;
  Array<int> centres;  ///< [n_rows] point
  Array<int> counts;   ///< [n_points]
  Array<int> of_rows;  ///< [n_rows]
  std::int64_t blocks() const { return blocks_for(n_rows, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// The candidates of each row, by cell, in the points' order.
struct FillNear {
  static constexpr int kThreads = 128;
  static constexpr int kBlocks = 8;
  std::int64_t n_rows = 0;
  CellPoints cells;
  Array<int> centres;     ///< [n_rows] point
  Array<int> first;       ///< [n_rows + 1]
  Array<int> neighbours;  ///< [n_candidates] point
  std::int64_t blocks() const { return blocks_for(n_rows, kThreads / kLanes); }
  std::int64_t shared_bytes() const { return 0; }
};

}  // namespace ipip::cuda
