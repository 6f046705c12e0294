// SPDX-License-Identifier: MIT
// Pairs closer than the cutoff, found among candidates: a warp a row, a lane a candidate.
#pragma once

#include "block.hpp"

namespace ipip::cuda {

// Pairs are counted within their row, so they stay in the candidates' order, without a lock.
template <class T>
IPIP_DEVICE void run(const FindPairs<T>& k, const Block& block) {
  block.each_warp([&](int warp) {
    const std::int64_t i = block.index() * (FindPairs<T>::kThreads / kLanes) + warp;
    if (i >= k.n_local) return;
    const int begin = read(k.pairs.first, i), end = read(k.pairs.first, i + 1);
    const bool given = k.given;
    double centre[3] = {};
    int type = 0;
    if (!given) {
      const int point = read(k.centres, i);
      for (int x = 0; x < 3; ++x) centre[x] = read(k.points, std::int64_t(3) * point + x);
      if (k.n_types > 0) type = read(k.types, point);
    }
    int found = 0;
    for (int batch = begin; batch < end; batch += kLanes) {
      const Lanes<std::int64_t> c = convert<std::int64_t>(lane() + batch);
      const Lanes<bool> there = c < std::int64_t(end);
      const Lanes<int> neighbour = gather(k.neighbours, c, there);
      const Lanes<std::int64_t> to = convert<std::int64_t>(neighbour);
      Lanes<double> r[3];
      for (int x = 0; x < 3; ++x) {
        r[x] = given ? gather(k.vectors, std::int64_t(3) * c + x, there)
                     : gather(k.points, std::int64_t(3) * to + x, there) - centre[x];
      }
      const Lanes<double> squared = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
      // A tiny length keeps the direction of two atoms at one place a number.
      const Lanes<double> d = each_lane([](double s) { return square_root(s + 1e-24); }, squared);
      const double per_length = 1.0 / k.pairs.length;
      // Not "closer than": a NaN distance is kept, and shows in all that follows.
      const int pieces = k.pieces;
      const double cutoff_squared = k.cutoff_squared;
      const Lanes<bool> near =
          there && each_lane(
                       [=](double s, double length) {
                         return !(s >= cutoff_squared) && !(length * per_length >= pieces);
                       },
                       squared, d);
      if (k.n_types > 0) {
        const Lanes<std::int64_t> kind =
            convert<std::int64_t>(gather(k.types, to, near)) + std::int64_t(type) * k.n_types;
        lower(k.closest, kind, squared, near && squared >= 0.0);
      }
      const Lanes<int> row = given ? neighbour : gather(k.rows, to, near);
      const Lanes<int> e = count_before(near) + (begin + found);
      scatter(k.slot, c, select(near, e, -1), there);
      const Lanes<std::int64_t> pair = convert<std::int64_t>(e);
      const Lanes<double> place = d * per_length;
      const Lanes<int> piece =
          each_lane([](double p) { return p >= 0.0 ? static_cast<int>(p) : 0; }, place);
      scatter(k.pairs.place, std::int64_t(2) * pair, row, near);
      scatter(k.pairs.place, std::int64_t(2) * pair + 1, piece, near);
      scatter(k.pairs.shape, std::int64_t(4) * pair, convert<T>(place - convert<double>(piece)),
              near);
      for (int x = 0; x < 3; ++x) {
        scatter(k.pairs.shape, std::int64_t(4) * pair + (1 + x), convert<T>(r[x] / d), near);
      }
      found += count_all(near);
    }
    write_once(k.pairs.count, i, found);
  });
}

}  // namespace ipip::cuda
