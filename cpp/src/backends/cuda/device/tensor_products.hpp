// SPDX-License-Identifier: MIT
// Matrix products of a block's rows in float32 on tensor cores, which take TF32: each factor is the
// sum of a large and a small part, and of the four products of parts the smallest is left out
// (2^-22 of the whole). Tensor cores truncate sums instead of rounding them, so eight products at a
// time are summed there and the rest in float32 (Ootomo and Yokota, Int. J. High Perform. Comput.
// Appl. 36, 475, 2022).
//
// A warp computes 32 columns of 8 or 16 rows. The matrix is the left factor there, and columns are
// dealt out so that a lane reads 16 bytes of it at once and yields four columns of a row.
#pragma once

#include "products.hpp"
#include "tensor.hpp"

namespace ipip::cuda {

constexpr int kTensorColumns = 32;

/// Numbers in two parts that TF32 holds but for the last bit of float32.
template <int n>
struct InParts {
  Lanes<float> large[n], small[n];

  IPIP_DEVICE void set(int at, const Lanes<float>& x) {
    large[at] = to_tf32(x);
    small[at] = x - large[at];
  }
};

/// [column tile, what a lane holds of 16 columns and 8 rows] of a group of rows.
using TensorSums = Lanes<float>[2][4];

// sums += left[rows, :] right[:, columns], of 8 n_groups rows from `row` and 32 columns from
// `column` on. g, t: of a lane, see tensor.hpp. Column 4 g + 2 tile + n of the 32 is row g + 8 n of
// the tile.
template <int n_groups>
IPIP_DEVICE void add_tensor_product(const Product<float>& product, int row, int column,
                                    TensorSums (&sums)[n_groups]) {
  const int n = product.right.n;
  const Tile<float>& left = product.left;
  const Lanes<std::int64_t> g = convert<std::int64_t>(lane() / 4);
  const Lanes<std::int64_t> t = convert<std::int64_t>(lane()) - g * 4;
  Lanes<std::int64_t> right_at[2], left_at[n_groups];
  IPIP_UNROLL
  for (int half = 0; half < 2; ++half) {
    right_at[half] = (t + std::int64_t(4 * half)) * n + g * 4 + (product.right.at + column);
  }
  IPIP_UNROLL
  for (int group = 0; group < n_groups; ++group) {
    left_at[group] = (g + std::int64_t(row + kTensorRows * group)) * left.pitch + t + left.at;
  }
  for (int k = 0; k < product.right.k; k += 8) {
    InParts<4> w[2];
    IPIP_UNROLL
    for (int half = 0; half < 2; ++half) {
      const Strip<float, 4> four = gather_words<4>(product.right.numbers, right_at[half]);
      right_at[half] += std::int64_t(8) * n;
      IPIP_UNROLL
      for (int c = 0; c < 4; ++c) w[c / 2].set(c % 2 + 2 * half, four.v[c]);
    }
    IPIP_UNROLL
    for (int group = 0; group < n_groups; ++group) {
      InParts<2> x;
      IPIP_UNROLL
      for (int half = 0; half < 2; ++half) {
        x.set(half, gather(left.numbers, left_at[group] + std::int64_t(4 * half), true));
      }
      left_at[group] += std::int64_t(8);
      IPIP_UNROLL
      for (int tile = 0; tile < 2; ++tile) {
        Lanes<float> few[4] = {0.0F, 0.0F, 0.0F, 0.0F};
        add_tf32(few, w[tile].small, x.large);
        add_tf32(few, w[tile].large, x.small);
        add_tf32(few, w[tile].large, x.large);
        IPIP_UNROLL
        for (int c = 0; c < 4; ++c) sums[group][tile][c] += few[c];
      }
    }
  }
}

// `multiply` of 8 n_groups rows a warp.
template <int n_groups, int n_products, class Out>
IPIP_DEVICE void multiply_groups(const Warps& by, const Product<float> (&products)[n_products],
                                 const Out& out) {
  constexpr int kRows = kTensorRows * n_groups;
  const int strips = products[0].right.n / kTensorColumns;
  const int tiles = products[0].left.rows / kRows * strips;
  for (int at = by.warp; at < tiles; at += by.warps) {
    const int column = at % strips * kTensorColumns, row = at / strips * kRows;
    TensorSums sums[n_groups];
    IPIP_UNROLL
    for (int group = 0; group < n_groups; ++group) {
      IPIP_UNROLL
      for (int n = 0; n < 8; ++n) sums[group][n / 4][n % 4] = 0.0F;
    }
    IPIP_UNROLL
    for (int p = 0; p < n_products; ++p) add_tensor_product(products[p], row, column, sums);
    each_lane_by_itself([&](int k) {
      IPIP_UNROLL
      for (int n = 0; n < 2 * n_groups; ++n) {
        Words<float, 4> four;
        IPIP_UNROLL
        for (int c = 0; c < 4; ++c) {
          four.v[c] = of_lane(sums[n / 2][c / 2][c % 2 * 2 + n % 2], k);
        }
        out(row + n / 2 * kTensorRows + k % 4 * 2 + n % 2, column + k / 4 * 4, four);
      }
    });
  }
}

/// `multiply` by a block's warps. With more rows a warp the matrix is read less often, but warps
/// are idle where a block has few.
template <int n_products, class Out>
IPIP_DEVICE void multiply(const Warps& by, const Product<float> (&products)[n_products],
                          const Out& out) {
  const int rows = products[0].left.rows, strips = products[0].right.n / kTensorColumns;
  if (rows % (2 * kTensorRows) == 0 && rows / (2 * kTensorRows) * strips >= by.warps) {
    multiply_groups<2>(by, products, out);
  } else {
    multiply_groups<1>(by, products, out);
  }
}

/// A phase of a block that computes products: calls `work` with the block's threads or its warps,
/// whichever compute them, for `multiply`.
template <class Kernel, class Work>
IPIP_DEVICE void each_factory(const Kernel& k, const Block& block, const Work& work) {
  constexpr int kThreads = Kernel::kThreads;
  if constexpr (kTensorCores && Kernel::kMayUseTensorCores) {
    if (k.tensor_cores) {
      block.each_warp([&](int warp) { work(Warps{warp, kThreads / kLanes}); });
      return;
    }
  }
  block.each_thread([&](int thread) { work(Threads{thread, kThreads}); });
}

}  // namespace ipip::cuda
