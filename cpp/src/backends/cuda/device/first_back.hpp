// SPDX-License-Identifier: MIT
// The adjoint of the first layer's messages, by rows of receivers, after which a pair's gradient is
// complete: dE/dr = dE/dd u + (dE/du - u (u.dE/du)) / d.
#pragma once

#include "block.hpp"
#include "core.hpp"
#include "send_back.hpp"
#include "spline_weights.hpp"

namespace ipip::cuda {

/// What the pairs of a row add up to: lane p has its share.
struct RowSums {
  Lanes<double> energy;
  Lanes<double> virial[9];

  IPIP_DEVICE RowSums() {
    energy = 0.0;
    for (auto& component : virial) component = 0.0;
  }
};

template <class T, int strip>
IPIP_DEVICE void finish_batch(const FirstBack<T, strip>& k, std::int64_t i, int begin, int size,
                              BatchGradients<T>& gradients, RowSums& sums) {
  const Lanes<bool> there = each_lane([=](int p) { return p < size; }, lane());
  const Lanes<std::int64_t> e = convert<std::int64_t>(lane() + begin);
  const Lanes<int> piece = gather(k.pairs.place, std::int64_t(2) * e + 1, there);
  const Lanes<double> fraction = convert<double>(gather(k.pairs.shape, std::int64_t(4) * e, there));
  Lanes<double> u[3], gu[3];
  for (int x = 0; x < 3; ++x) {
    u[x] = convert<double>(gather(k.pairs.shape, std::int64_t(4) * e + (1 + x), there));
    gu[x] = convert<double>(gradients.of[1 + x]);
  }
  const Lanes<double> d = (convert<double>(piece) + fraction) * k.pairs.length;
  Lanes<double> along = convert<double>(gradients.of[0]);
  if (k.core.charges.size > 0) {
    const Lanes<std::int64_t> other =
        convert<std::int64_t>(gather(k.pairs.place, std::int64_t(2) * e, there));
    const Lanes<int> z = gather(k.rows.species, other, there);
    const CorePairs core(k.core, read(k.rows.species, i), z, d, there);
    sums.energy += core.energy;
    along += core.slope;
  }
  // Two atoms at one place have no direction: their length is that of pairs.hpp.
  const Lanes<double> inverse =
      each_lane([](double length) { return 1.0 / (length > 1e-12 ? length : 1e-12); }, d);
  along -= (u[0] * gu[0] + u[1] * gu[1] + u[2] * gu[2]) * inverse;
  Lanes<double> g[3];
  for (int x = 0; x < 3; ++x) {
    g[x] = along * u[x] + gu[x] * inverse;
    scatter(k.pair_gradients, std::int64_t(4) * e + x, convert<T>(g[x]), there);
  }
  if (k.sums.size == 0) return;
  for (int x = 0; x < 3; ++x) {
    for (int y = 0; y < 3; ++y) {
      sums.virial[3 * x + y] -= select(there, d * u[x] * g[y], Lanes<double>(0.0));
    }
  }
}

// dE/dd = g^s phi^s w^s' + (u.g^v) phi^vs w^vs',  dE/du = g^v phi^vs w^vs
template <class T, int strip>
IPIP_DEVICE void run(const FirstBack<T, strip>& k, const Block& block) {
  constexpr int kWidth = kLanes * strip, kParts = 2;
  block.each_warp([&](int warp) {
    const std::int64_t i =
        k.range.begin + block.index() * (FirstBack<T, strip>::kThreads / kLanes) + warp;
    if (i >= k.range.end) return;
    const int channels = k.rows.channels;
    const int begin = read(k.pairs.first, i), end = begin + read(k.pairs.count, i);
    const T per_length = static_cast<T>(1.0 / k.pairs.length);
    RowSums row;
    for (int batch = begin; batch < end; batch += kLanes) {
      const int size = end - batch < kLanes ? end - batch : kLanes;
      BatchGradients<T> gradients;
      if (k.add) {
        const Lanes<bool> there = each_lane([=](int p) { return p < size; }, lane());
        const Lanes<std::int64_t> e = convert<std::int64_t>(lane() + batch);
        for (int part = 0; part < 4; ++part) {
          gradients.of[part] = gather(k.pair_gradients, std::int64_t(4) * e + part, there);
        }
      }
      for (int p = 0; p < size; ++p) {
        const Pair<T> pair(k.pairs, batch + p);
        const std::int64_t z = read(k.rows.species, pair.other);
        Lanes<T> sums[4];
        for (auto& part : sums) part = T(0);
        for (int at = 0; at < channels; at += kWidth) {
          const std::int64_t g = 4 * i * channels + at, message = 3 * z * channels + at;
          const Strip<T, strip> gs = load<strip>(k.gradients, g);
          const Strip<T, strip> phi_s = load<strip>(k.rows.sent, message);
          const Strip<T, strip> phi_vs = load<strip>(k.rows.sent, message + channels);
          const Filters<T, strip, kParts, true> w(
              k.rows.table.numbers, chunk_of(k.rows.table, kParts, at), pair, per_length);
          Strip<T, strip> gv[3];
          for (int x = 0; x < 3; ++x) gv[x] = load<strip>(k.gradients, g + (1 + x) * channels);
          IPIP_UNROLL
          for (int c = 0; c < strip; ++c) {
            const Lanes<T> along_u =
                pair.u[0] * gv[0].v[c] + pair.u[1] * gv[1].v[c] + pair.u[2] * gv[2].v[c];
            sums[0] +=
                gs.v[c] * phi_s.v[c] * w.slope[0].v[c] + along_u * phi_vs.v[c] * w.slope[1].v[c];
            const Lanes<T> message_v = phi_vs.v[c] * w.value[1].v[c];
            for (int x = 0; x < 3; ++x) sums[1 + x] += gv[x].v[c] * message_v;
          }
        }
        gradients.add(p, sums);
      }
      finish_batch(k, i, batch, size, gradients, row);
    }
    if (k.sums.size == 0) return;
    write_once(k.energies, i, read(k.energies, i) + sum<double>(row.energy));
    for (int component = 0; component < 9; ++component) {
      write_once(k.sums, i * kSums + component, sum<double>(row.virial[component]));
    }
    write_once(k.sums, i * kSums + 9, static_cast<double>(end - begin));
  });
}

}  // namespace ipip::cuda
