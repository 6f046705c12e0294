// SPDX-License-Identifier: MIT
// The gradient of a table of filters. A pair touches six rows of it, and many pairs touch a row:
// pairs are taken by their piece, so that sums stay in registers, and the sums of pieces are added
// row by row, always in the same order.
//
// For a message part phi that a gradient g of the receiver reaches,
//     g(w) = g_dot phi + g phi_dot,   g(w_dot) = g phi,   g(c_k) += B_k(t) g(w) + B'_k(t) d_dot
//     g(w_dot)
// with g^s for phi^s, <u, g^v> for phi^vs and <v_j, g^v> for phi^vv.
#pragma once

#include "../../training/kernels.hpp"
#include "../block.hpp"
#include "../spline_weights.hpp"
#include "pair_tangents.hpp"

namespace ipip::cuda {

/// What the filters of a pair (i, j) receive, and what their tangents do.
template <class T, bool first>
struct FilterGradients {
  static constexpr int kParts = first ? 2 : 3;
  Lanes<T> of_value[kParts], of_tangent[kParts];

  IPIP_DEVICE FilterGradients(const TangentRows<T>& rows, std::int64_t i, const Pair<T>& pair,
                              const PairChange<T>& change, int at) {
    const int channels = rows.channels;
    const std::int64_t j = first ? read(rows.species, pair.other) : pair.other;
    const std::int64_t sent = j * (first ? 3 : 6) * channels + at, own = 4 * i * channels + at;
    // Gradients of the receiver that reach each part, and their tangents.
    Lanes<T> g[kParts], g_dot[kParts];
    g[0] = load_far_lanes(rows.gradients.value, own);
    g_dot[0] = load_far_lanes(rows.gradients.tangent, own);
    for (int p = 1; p < kParts; ++p) g[p] = g_dot[p] = T(0);
    for (int x = 0; x < 3; ++x) {
      const Lanes<T> gv = load_far_lanes(rows.gradients.value, own + (1 + x) * channels);
      const Lanes<T> gv_dot = load_far_lanes(rows.gradients.tangent, own + (1 + x) * channels);
      g[1] += pair.u[x] * gv;
      g_dot[1] += pair.u[x] * gv_dot + change.u[x] * gv;
      if constexpr (!first) {
        const Lanes<T> v = load_far_lanes(rows.sent.value, sent + (3 + x) * channels);
        g[2] += v * gv;
        g_dot[2] += v * gv_dot + load_far_lanes(rows.sent.tangent, sent + (3 + x) * channels) * gv;
      }
    }
    for (int p = 0; p < kParts; ++p) {
      const Lanes<T> phi = load_far_lanes(rows.sent.value, sent + p * channels);
      of_value[p] = g_dot[p] * phi;
      if constexpr (!first) {
        of_value[p] += g[p] * load_far_lanes(rows.sent.tangent, sent + p * channels);
      }
      of_tangent[p] = g[p] * phi;
    }
  }
};

template <class T, bool first>
IPIP_DEVICE void run(const TableSlices<T, first>& k, const Block& block) {
  using Own = TableSlices<T, first>;
  constexpr int kParts = Own::kParts;
  const TangentRows<T>& rows = k.rows;
  block.each_warp([&](int warp) {
    const std::int64_t item = block.index() * (Own::kThreads / kLanes) + warp;
    const int chunks = rows.channels / kLanes;
    if (item >= std::int64_t(k.n_slices) * k.pieces * chunks) return;
    const int chunk = static_cast<int>(item % chunks);
    const int piece = static_cast<int>(item / chunks % k.pieces);
    const int slice = static_cast<int>(item / chunks / k.pieces);
    const int first_pair = read(k.piece_first, piece);
    const int n_pairs = read(k.piece_first, piece + 1) - first_pair;
    const int length = (n_pairs + k.n_slices - 1) / k.n_slices;
    const int begin = first_pair + slice * length;
    const int left = n_pairs - slice * length;
    const int end = begin + (left < length ? left : length);
    const T per_length = static_cast<T>(1.0 / rows.pairs.length);
    Lanes<T> sums[kSplineWeights][kParts];
    for (int basis = 0; basis < kSplineWeights; ++basis) {
      for (int p = 0; p < kParts; ++p) sums[basis][p] = T(0);
    }
    for (int place = begin; place < end; ++place) {
      const int e = read(k.piece_pairs, place);
      const Pair<T> pair(rows.pairs, e);
      const PairChange<T> change(rows.changes, e);
      const FilterGradients<T, first> g(rows, read(k.receivers, e), pair, change, chunk * kLanes);
      const SplineWeights<T> weights(pair.fraction);
      const SplineSlopes<T> slopes(pair.fraction, per_length);
      IPIP_UNROLL
      for (int basis = 0; basis < kSplineWeights; ++basis) {
        const T slope = slopes.value[basis] * change.d;
        IPIP_UNROLL
        for (int p = 0; p < kParts; ++p) {
          sums[basis][p] += weights.value[basis] * g.of_value[p] + slope * g.of_tangent[p];
        }
      }
    }
    IPIP_UNROLL
    for (int basis = 0; basis < kSplineWeights; ++basis) {
      IPIP_UNROLL
      for (int p = 0; p < kParts; ++p) {
        store_lanes<T>(k.sums, ((item * kSplineWeights + basis) * kParts + p) * kLanes,
                       sums[basis][p]);
      }
    }
  });
}

template <class T>
IPIP_DEVICE void run(const TableGradient<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const std::int64_t at = block.index() * TableGradient<T>::kThreads + thread;
    const int width = k.parts * kLanes, chunks = k.channels / kLanes;
    if (at >= std::int64_t(k.table.rows) * chunks * width) return;
    const int column = static_cast<int>(at % width);
    const int row = static_cast<int>(at / width % k.table.rows);
    const int chunk = static_cast<int>(at / width / k.table.rows);
    T sum = T(0);
    for (int slice = 0; slice < k.n_slices; ++slice) {
      for (int basis = 0; basis < kSplineWeights; ++basis) {
        const int piece = row - basis;
        if (piece < 0 || piece >= k.pieces) continue;
        const std::int64_t item = (std::int64_t(slice) * k.pieces + piece) * chunks + chunk;
        sum += read(k.sums, (item * kSplineWeights + basis) * width + column);
      }
    }
    write(k.table.numbers, at, sum);
  });
}

}  // namespace ipip::cuda
