// SPDX-License-Identifier: MIT
// A layer's filters at the distance of a pair: quintic B-splines on six equidistant nodes, whose
// weights every lane computes for itself.
#pragma once

#include "../../../model/spline.hpp"
#include "block.hpp"

namespace ipip::cuda {

template <class T>
struct SplineWeights {
  T value[kSplineWeights];

  IPIP_DEVICE explicit SplineWeights(T t) {
    const T u = T(1) / 120, r = 1 - t, t2 = t * t;
    value[0] = u * r * r * r * r * r;
    value[1] = u * (26 + t * (-50 + t * (20 + t * (20 + t * (-20 + 5 * t)))));
    value[2] = u * (66 + t2 * (-60 + t2 * (30 - 10 * t)));
    value[3] = u * (26 + t * (50 + t * (20 + t * (-20 + t * (-20 + 10 * t)))));
    value[4] = u * (1 + t * (5 + t * (10 + t * (10 + t * (5 - 5 * t)))));
    value[5] = u * t2 * t2 * t;
  }
};

/// Derivatives of the weights over the distance.
template <class T>
struct SplineSlopes {
  T value[kSplineWeights];

  IPIP_DEVICE SplineSlopes(T t, T per_length) {
    const T w = per_length / 24, r = 1 - t, t2 = t * t;
    value[0] = -w * r * r * r * r;
    value[1] = w * (-10 + t * (8 + t * (12 + t * (-16 + 5 * t))));
    value[2] = w * t * (-24 + t2 * (24 - 10 * t));
    value[3] = w * (10 + t * (8 + t * (-12 + t * (-16 + 10 * t))));
    value[4] = w * (1 + t * (4 + t * (6 + t * (4 - 5 * t))));
    value[5] = w * t2 * t2;
  }
};

/// One pair, the same in all lanes.
template <class T>
struct Pair {
  int other, piece;
  T fraction, u[3];

  IPIP_DEVICE Pair(const PairRows<T>& pairs, std::int64_t e) {
    const Words<int, 2> place = read_words<2>(pairs.place, 2 * e);
    const Words<T, 4> shape = read_words<4>(pairs.shape, 4 * e);
    other = place.v[0];
    piece = place.v[1];
    fraction = shape.v[0];
    for (int x = 0; x < 3; ++x) u[x] = shape.v[1 + x];
  }
};

/// Where a chunk of channels of a table begins.
template <class T>
IPIP_DEVICE std::int64_t chunk_of(const Table<T>& table, int parts, int at) {
  return std::int64_t(table.rows) * parts * at;
}

/// w = sum_k B_k(t) c_k of `parts` filters, and their slopes from the same coefficients.
template <class T, int strip, int parts, bool slopes>
struct Filters {
  Strip<T, strip> value[parts];
  Strip<T, strip> slope[slopes ? parts : 1];

  IPIP_DEVICE Filters(const Array<T>& table, std::int64_t chunk, const Pair<T>& pair,
                      T per_length) {
    constexpr int kWidth = kLanes * strip;
    for (int p = 0; p < parts; ++p) {
      for (int v = 0; v < strip; ++v) {
        value[p].v[v] = T(0);
        if constexpr (slopes) slope[p].v[v] = T(0);
      }
    }
    const SplineWeights<T> spline(pair.fraction);
    const SplineSlopes<T> slope_weights(pair.fraction, per_length);
    const std::int64_t row = chunk + std::int64_t(pair.piece) * parts * kWidth;
    IPIP_UNROLL
    for (int basis = 0; basis < kSplineWeights; ++basis) {
      IPIP_UNROLL
      for (int p = 0; p < parts; ++p) {
        const Strip<T, strip> c = load<strip>(table, row + (basis * parts + p) * kWidth);
        IPIP_UNROLL
        for (int v = 0; v < strip; ++v) {
          value[p].v[v] += spline.value[basis] * c.v[v];
          if constexpr (slopes) slope[p].v[v] += slope_weights.value[basis] * c.v[v];
        }
      }
    }
  }
};

}  // namespace ipip::cuda
