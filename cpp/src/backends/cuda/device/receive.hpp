// SPDX-License-Identifier: MIT
// States after the messages of a layer (Schütt et al. 2021, Eqs. 7 and 8): a warp a row, channels
// over its lanes; the row's sums stay in registers while its pairs go by.
#pragma once

#include "block.hpp"
#include "spline_weights.hpp"

namespace ipip::cuda {

// s_i += sum_j phi^s_j w^s,  v_i += sum_j u (phi^vs_j w^vs) + v_j phi^vv_j w^vv
template <class T, int strip, bool first>
IPIP_DEVICE void run(const Receive<T, strip, first>& k, const Block& block) {
  using Own = Receive<T, strip, first>;
  constexpr int kWidth = kLanes * strip, kParts = first ? 2 : 3;
  block.each_warp([&](int warp) {
    const std::int64_t i = k.range.begin + block.index() * (Own::kThreads / kLanes) + warp;
    if (i >= k.range.end) return;
    const int channels = k.rows.channels;
    const int begin = read(k.pairs.first, i), end = begin + read(k.pairs.count, i);
    const std::int64_t own = first ? read(k.rows.species, i) : i;
    const int sent = first ? 3 * channels : 6 * channels;
    for (int at = 0; at < channels; at += kWidth) {
      const std::int64_t chunk = chunk_of(k.rows.table, kParts, at);
      Strip<T, strip> s = load<strip>(k.rows.scalars, own * channels + at), v[3];
      for (int x = 0; x < 3; ++x) {
        if constexpr (first) {
          for (int c = 0; c < strip; ++c) v[x].v[c] = T(0);
        } else {
          v[x] = load<strip>(k.rows.sent, i * sent + (3 + x) * channels + at);
        }
      }
      for (int e = begin; e < end; ++e) {
        const Pair<T> pair(k.pairs, e);
        const std::int64_t j = first ? read(k.rows.species, pair.other) : pair.other;
        const Array<T>& from = k.rows.sent;
        const std::int64_t row = j * sent + at;
        const Strip<T, strip> phi_s = load_far<strip>(from, row);
        const Strip<T, strip> phi_vs = load_far<strip>(from, row + channels);
        Strip<T, strip> phi_vv, far[3];
        if constexpr (!first) {
          phi_vv = load_far<strip>(from, row + 2 * channels);
          for (int x = 0; x < 3; ++x) {
            far[x] = load_far<strip>(from, row + (3 + x) * channels);
          }
        }
        const Filters<T, strip, kParts, false> w(k.rows.table.numbers, chunk, pair, T(0));
        IPIP_UNROLL
        for (int c = 0; c < strip; ++c) {
          s.v[c] += phi_s.v[c] * w.value[0].v[c];
          const Lanes<T> along = phi_vs.v[c] * w.value[1].v[c];
          for (int x = 0; x < 3; ++x) v[x].v[c] += pair.u[x] * along;
          if constexpr (!first) {
            const Lanes<T> turned = phi_vv.v[c] * w.value[2].v[c];
            for (int x = 0; x < 3; ++x) v[x].v[c] += turned * far[x].v[c];
          }
        }
      }
      store(k.states, i * 4 * channels + at, s);
      for (int x = 0; x < 3; ++x) store(k.states, (i * 4 + 1 + x) * channels + at, v[x]);
    }
  });
}

}  // namespace ipip::cuda
