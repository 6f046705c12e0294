// SPDX-License-Identifier: MIT
// Tangents of the passes over pairs: a warp a row, a lane a channel, the row's sums in registers
// while its pairs go by.
//
// w_dot = w'(d) d_dot. For a message part phi that a gradient g of the receiver reaches,
//     g(phi)_dot += g_dot w + g w_dot
// with g^s for phi^s, <u, g^v> for phi^vs and <v_j, g^v> for phi^vv.
#pragma once

#include "../../training/kernels.hpp"
#include "../block.hpp"
#include "../spline_weights.hpp"

namespace ipip::cuda {

/// 32 channels, one a lane.
template <class T>
IPIP_DEVICE Lanes<T> load_lanes(const Array<T>& a, std::int64_t at) {
  return load<1>(a, at).v[0];
}
template <class T>
IPIP_DEVICE Lanes<T> load_far_lanes(const Array<T>& a, std::int64_t at) {
  return load_far<1>(a, at).v[0];
}
template <class T>
IPIP_DEVICE void store_lanes(const Array<T>& a, std::int64_t at, const Lanes<T>& value) {
  Strip<T, 1> strip;
  strip.v[0] = value;
  store(a, at, strip);
}

/// How a pair's distance and direction change, the same in all lanes.
template <class T>
struct PairChange {
  T d, u[3];

  IPIP_DEVICE PairChange(const Array<T>& changes, std::int64_t e) {
    const Words<T, 4> four = read_words<4>(changes, 4 * e);
    d = four.v[0];
    for (int x = 0; x < 3; ++x) u[x] = four.v[1 + x];
  }
};

/// Filters of 32 channels, and their tangents.
template <class T, int parts>
struct DualFilters {
  Lanes<T> value[parts], tangent[parts];

  IPIP_DEVICE DualFilters(const TangentRows<T>& rows, std::int64_t chunk, const Pair<T>& pair,
                          const PairChange<T>& change) {
    const Filters<T, 1, parts, true> filters(rows.table.numbers, chunk, pair,
                                             static_cast<T>(1.0 / rows.pairs.length));
    for (int p = 0; p < parts; ++p) {
      value[p] = filters.value[p].v[0];
      tangent[p] = filters.slope[p].v[0] * change.d;
    }
  }
};

// s_dot_i += sum_j phi^s_dot w^s + phi^s w^s_dot,
// v_dot_i += sum_j u_dot phi^vs w^vs + u (phi^vs_dot w^vs + phi^vs w^vs_dot)
//                + v_dot_j phi^vv w^vv + v_j (phi^vv_dot w^vv + phi^vv w^vv_dot)
template <class T, bool first>
IPIP_DEVICE void run(const ReceiveTangents<T, first>& k, const Block& block) {
  using Own = ReceiveTangents<T, first>;
  constexpr int kParts = first ? 2 : 3;
  const TangentRows<T>& rows = k.rows;
  block.each_warp([&](int warp) {
    const std::int64_t i = block.index() * (Own::kThreads / kLanes) + warp;
    if (i >= rows.n_rows) return;
    const int channels = rows.channels, sent = first ? 3 * channels : 6 * channels;
    const int begin = read(rows.pairs.first, i), end = begin + read(rows.pairs.count, i);
    for (int at = 0; at < channels; at += kLanes) {
      const std::int64_t chunk = chunk_of(rows.table, kParts, at);
      Lanes<T> s = T(0), v[3];
      for (int x = 0; x < 3; ++x) v[x] = T(0);
      if constexpr (!first) {
        s = load_lanes(k.scalars, i * channels + at);
        for (int x = 0; x < 3; ++x) {
          v[x] = load_lanes(rows.sent.tangent, i * sent + (3 + x) * channels + at);
        }
      }
      for (int e = begin; e < end; ++e) {
        const Pair<T> pair(rows.pairs, e);
        const PairChange<T> change(k.rows.changes, e);
        const std::int64_t j = first ? read(rows.species, pair.other) : pair.other;
        const std::int64_t row = j * sent + at;
        const DualFilters<T, kParts> w(rows, chunk, pair, change);
        const Lanes<T> phi_s = load_far_lanes(rows.sent.value, row);
        const Lanes<T> phi_vs = load_far_lanes(rows.sent.value, row + channels);
        s += phi_s * w.tangent[0];
        const Lanes<T> along = phi_vs * w.value[1];
        Lanes<T> along_dot = phi_vs * w.tangent[1];
        if constexpr (!first) {
          s += load_far_lanes(rows.sent.tangent, row) * w.value[0];
          along_dot += load_far_lanes(rows.sent.tangent, row + channels) * w.value[1];
        }
        for (int x = 0; x < 3; ++x) v[x] += pair.u[x] * along_dot + change.u[x] * along;
        if constexpr (!first) {
          const Lanes<T> phi_vv = load_far_lanes(rows.sent.value, row + 2 * channels);
          const Lanes<T> turned = phi_vv * w.value[2];
          const Lanes<T> turned_dot =
              phi_vv * w.tangent[2] +
              load_far_lanes(rows.sent.tangent, row + 2 * channels) * w.value[2];
          for (int x = 0; x < 3; ++x) {
            v[x] += turned * load_far_lanes(rows.sent.tangent, row + (3 + x) * channels) +
                    turned_dot * load_far_lanes(rows.sent.value, row + (3 + x) * channels);
          }
        }
      }
      store_lanes<T>(k.states, i * 4 * channels + at, s);
      for (int x = 0; x < 3; ++x) store_lanes<T>(k.states, (i * 4 + 1 + x) * channels + at, v[x]);
    }
  });
}

// The equations above, gathered by the sender j; and with phi^vv w^vv as `turned`
//     g(v)_dot_j = g^v_dot_j + sum_i g^v_dot_i turned + g^v_i turned_dot
// A row takes its own pairs: each stands for its mirror, of the opposite direction.
template <class T, bool first>
IPIP_DEVICE void run(const SendBackTangents<T, first>& k, const Block& block) {
  using Own = SendBackTangents<T, first>;
  constexpr int kParts = first ? 2 : 3;
  const TangentRows<T>& rows = k.rows;
  block.each_warp([&](int warp) {
    const std::int64_t j = block.index() * (Own::kThreads / kLanes) + warp;
    if (j >= rows.n_rows) return;
    const int channels = rows.channels;
    const int begin = read(rows.pairs.first, j), end = begin + read(rows.pairs.count, j);
    for (int at = 0; at < channels; at += kLanes) {
      const std::int64_t chunk = chunk_of(rows.table, kParts, at);
      const std::int64_t sent = 6 * j * channels + at, own = 4 * j * channels + at;
      Lanes<T> to_phi[kParts], to_v[3], v[3], v_dot[3], phi_vv = T(0), phi_vv_dot = T(0);
      for (int p = 0; p < kParts; ++p) to_phi[p] = T(0);
      for (int x = 0; x < 3; ++x) to_v[x] = T(0);
      if constexpr (!first) {
        phi_vv = load_lanes(rows.sent.value, sent + 2 * channels);
        phi_vv_dot = load_lanes(rows.sent.tangent, sent + 2 * channels);
        for (int x = 0; x < 3; ++x) {
          v[x] = load_lanes(rows.sent.value, sent + (3 + x) * channels);
          v_dot[x] = load_lanes(rows.sent.tangent, sent + (3 + x) * channels);
        }
      }
      for (int e = begin; e < end; ++e) {
        const Pair<T> pair(rows.pairs, e);
        const PairChange<T> change(rows.changes, e);
        const std::int64_t far = 4 * std::int64_t(pair.other) * channels + at;
        const DualFilters<T, kParts> w(rows, chunk, pair, change);
        to_phi[0] += load_far_lanes(rows.gradients.tangent, far) * w.value[0] +
                     load_far_lanes(rows.gradients.value, far) * w.tangent[0];
        Lanes<T> along = T(0), along_dot = T(0), turned = T(0), turned_dot = T(0);
        if constexpr (!first) {
          turned = phi_vv * w.value[2];
          turned_dot = phi_vv * w.tangent[2] + phi_vv_dot * w.value[2];
        }
        Lanes<T> with_v = T(0), with_v_dot = T(0);
        for (int x = 0; x < 3; ++x) {
          const Lanes<T> g = load_far_lanes(rows.gradients.value, far + (1 + x) * channels);
          const Lanes<T> g_dot = load_far_lanes(rows.gradients.tangent, far + (1 + x) * channels);
          along -= pair.u[x] * g;
          along_dot -= pair.u[x] * g_dot + change.u[x] * g;
          if constexpr (!first) {
            with_v += v[x] * g;
            with_v_dot += v[x] * g_dot + v_dot[x] * g;
            to_v[x] += g_dot * turned + g * turned_dot;
          }
        }
        to_phi[1] += along_dot * w.value[1] + along * w.tangent[1];
        if constexpr (!first) to_phi[2] += with_v_dot * w.value[2] + with_v * w.tangent[2];
      }
      for (int p = 0; p < 3; ++p) {
        store_lanes<T>(k.message_gradients, (3 * j + p) * channels + at,
                       p < kParts ? to_phi[p < kParts ? p : 0] : Lanes<T>(T(0)));
      }
      if constexpr (!first) {
        store_lanes<T>(k.state_gradients, own, load_lanes(rows.gradients.tangent, own));
        for (int x = 0; x < 3; ++x) {
          const std::int64_t axis = own + (1 + x) * channels;
          store_lanes<T>(k.state_gradients, axis,
                         to_v[x] + load_lanes(rows.gradients.tangent, axis));
        }
      }
    }
  });
}

}  // namespace ipip::cuda
