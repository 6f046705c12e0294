// SPDX-License-Identifier: MIT
// Gradients of what a row sends, gathered from the rows that it sends to: a warp a row, channels
// over its lanes. The pairs that j sends over are its own row: (j, i) is the mirror of (i, j), of
// the same length and the opposite direction, even where i is a row of another rank.
#pragma once

#include "block.hpp"
#include "spline_weights.hpp"

namespace ipip::cuda {

/// dE/dd and dE/du of the pairs of a batch: lane p has the ones of pair p.
template <class T>
struct BatchGradients {
  Lanes<T> of[4];

  IPIP_DEVICE BatchGradients() {
    for (auto& part : of) part = T(0);
  }
  template <class Sums>
  IPIP_DEVICE void add(int p, const Sums& sums) {
    const Lanes<bool> own = each_lane([=](int k) { return k == p; }, lane());
    for (int part = 0; part < 4; ++part) {
      of[part] += select(own, Lanes<T>(sum<T>(sums[part])), Lanes<T>(T(0)));
    }
  }
  /// Adds them to the gradients of the `size` pairs from `begin` on, [.., 4]; without `add` they
  /// replace these.
  IPIP_DEVICE void add_to(const Array<T>& pair_gradients, int begin, int size, bool add) {
    const Lanes<bool> there = each_lane([=](int k) { return k < size; }, lane());
    const Lanes<std::int64_t> e = convert<std::int64_t>(lane() + begin);
    for (int part = 0; part < 4; ++part) {
      const Lanes<std::int64_t> at = std::int64_t(4) * e + part;
      if (add) of[part] += gather(pair_gradients, at, there);
      scatter(pair_gradients, at, of[part], there);
    }
  }
};

// phi^s_j: sum_i g^s_i w^s,  phi^vs_j: sum_i (u.g^v_i) w^vs,  phi^vv_j: sum_i (v_j.g^v_i) w^vv,
// v_j: sum_i g^v_i phi^vv_j w^vv
// dE/dd = g^s phi^s w^s' + (u.g^v) phi^vs w^vs' + (v_j.g^v) phi^vv w^vv',  dE/du = g^v phi^vs w^vs
template <class T, int strip>
IPIP_DEVICE void run(const SendBack<T, strip>& k, const Block& block) {
  constexpr int kWidth = kLanes * strip, kParts = 3;
  block.each_warp([&](int warp) {
    const std::int64_t j =
        k.range.begin + block.index() * (SendBack<T, strip>::kThreads / kLanes) + warp;
    if (j >= k.range.end) return;
    const int channels = k.rows.channels;
    const int begin = read(k.pairs.first, j), end = begin + read(k.pairs.count, j);
    const T per_length = static_cast<T>(1.0 / k.pairs.length);
    for (int at = 0; at < channels; at += kWidth) {
      const std::int64_t chunk = chunk_of(k.rows.table, kParts, at);
      const std::int64_t sent = 6 * j * channels + at;
      Strip<T, strip> phi[3], own[3], to_phi[3], to_v[3];
      for (int x = 0; x < 3; ++x) {
        phi[x] = load<strip>(k.rows.sent, sent + x * channels);
        own[x] = load<strip>(k.rows.sent, sent + (3 + x) * channels);
        for (int c = 0; c < strip; ++c) to_phi[x].v[c] = to_v[x].v[c] = T(0);
      }
      for (int batch = begin; batch < end; batch += kLanes) {
        const int size = end - batch < kLanes ? end - batch : kLanes;
        BatchGradients<T> gradients;
        for (int p = 0; p < size; ++p) {
          const Pair<T> pair(k.pairs, batch + p);
          const std::int64_t row = 4 * std::int64_t(pair.other) * channels + at;
          const Strip<T, strip> gs = load_far<strip>(k.gradients, row);
          Strip<T, strip> gv[3];
          for (int x = 0; x < 3; ++x) {
            gv[x] = load_far<strip>(k.gradients, row + (1 + x) * channels);
          }
          const Filters<T, strip, kParts, true> w(k.rows.table.numbers, chunk, pair, per_length);
          Lanes<T> sums[4];
          for (auto& part : sums) part = T(0);
          IPIP_UNROLL
          for (int c = 0; c < strip; ++c) {
            // The mirror's direction is the opposite one.
            const Lanes<T> along_u =
                -(pair.u[0] * gv[0].v[c] + pair.u[1] * gv[1].v[c] + pair.u[2] * gv[2].v[c]);
            const Lanes<T> along_v =
                own[0].v[c] * gv[0].v[c] + own[1].v[c] * gv[1].v[c] + own[2].v[c] * gv[2].v[c];
            to_phi[0].v[c] += gs.v[c] * w.value[0].v[c];
            to_phi[1].v[c] += along_u * w.value[1].v[c];
            to_phi[2].v[c] += along_v * w.value[2].v[c];
            const Lanes<T> turned = phi[2].v[c] * w.value[2].v[c];
            const Lanes<T> message = phi[1].v[c] * w.value[1].v[c];
            for (int x = 0; x < 3; ++x) {
              to_v[x].v[c] += gv[x].v[c] * turned;
              sums[1 + x] -= gv[x].v[c] * message;
            }
            sums[0] += gs.v[c] * phi[0].v[c] * w.slope[0].v[c] +
                       along_u * phi[1].v[c] * w.slope[1].v[c] +
                       along_v * phi[2].v[c] * w.slope[2].v[c];
          }
          gradients.add(p, sums);
        }
        gradients.add_to(k.pair_gradients, batch, size, k.add || at > 0);
      }
      const std::int64_t through = 4 * j * channels + at;
      for (int x = 0; x < 3; ++x) {
        store(k.message_gradients, (3 * j + x) * channels + at, to_phi[x]);
        const Strip<T, strip> g = load<strip>(k.gradients, through + (1 + x) * channels);
        for (int c = 0; c < strip; ++c) to_v[x].v[c] += g.v[c];
        store(k.state_gradients, through + (1 + x) * channels, to_v[x]);
      }
      store(k.state_gradients, through, load<strip>(k.gradients, through));
    }
  });
}

}  // namespace ipip::cuda
