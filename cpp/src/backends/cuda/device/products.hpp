// SPDX-License-Identifier: MIT
// Matrix products of a block's rows: one factor in shared memory, the other in the caches, 4 x 4
// results a thread. There is no barrier inside, and results are handed to a function. On tensor
// cores: tensor_products.hpp.
#pragma once

#include "block.hpp"

namespace ipip::cuda {

/// A factor in shared memory: rows from number `at` on, `pitch` apart.
template <class T>
struct Tile {
  Array<T> numbers;
  int rows = 0, pitch = 0, at = 0;
};

template <class T>
IPIP_DEVICE Tile<T> part_of(const Tile<T>& tile, int column) {
  return {tile.numbers, tile.rows, tile.pitch, tile.at + column};
}

/// The two tiles of a block.
template <class T>
struct TwoTiles {
  Tile<T> a, b;

  IPIP_DEVICE TwoTiles(const Tiles& tiles, const Array<T>& shared)
      : a{shared, tiles.rows, tiles.pitch, 0},
        b{shared, tiles.rows, tiles.pitch, tiles.rows * tiles.pitch} {}
};

template <class T>
struct Product {
  Tile<T> left;
  Matrix<T> right;
};

// sums[r, c] += sum_k left[row + r, k] right[k, column + c]
template <class T>
IPIP_DEVICE void add_product(const Product<T>& product, int row, int column, T (&sums)[4][4]) {
  const int n = product.right.n;
  const Tile<T>& left = product.left;
  for (int k = 0; k < product.right.k; k += 4) {
    Words<T, 4> x[4];
    IPIP_UNROLL
    for (int r = 0; r < 4; ++r) {
      x[r] = read_words<4>(left.numbers, left.at + (row + r) * left.pitch + k);
    }
    IPIP_UNROLL
    for (int q = 0; q < 4; ++q) {
      const Words<T, 4> w =
          read_words<4>(product.right.numbers, product.right.at + std::int64_t(k + q) * n + column);
      IPIP_UNROLL
      for (int r = 0; r < 4; ++r) {
        IPIP_UNROLL
        for (int c = 0; c < 4; ++c) sums[r][c] += x[r].v[q] * w.v[c];
      }
    }
  }
}

/// Which of a block's threads or warps compute products.
struct Threads {
  int thread, threads;
};
struct Warps {
  int warp, warps;
};

/// Calls `out(row, column, four numbers from there on)` for the sum of products, which have one
/// shape. Adjacent threads take adjacent columns.
template <class T, int n_products, class Out>
IPIP_DEVICE void multiply(const Threads& by, const Product<T> (&products)[n_products],
                          const Out& out) {
  const int strips = products[0].right.n / 4, tiles = products[0].left.rows / 4 * strips;
  for (int tile = by.thread; tile < tiles; tile += by.threads) {
    const int column = tile % strips * 4, row = tile / strips * 4;
    T sums[4][4] = {};
    IPIP_UNROLL
    for (int p = 0; p < n_products; ++p) add_product(products[p], row, column, sums);
    IPIP_UNROLL
    for (int r = 0; r < 4; ++r) {
      Words<T, 4> four;
      IPIP_UNROLL
      for (int c = 0; c < 4; ++c) four.v[c] = sums[r][c];
      out(row + r, column, four);
    }
  }
}

}  // namespace ipip::cuda
