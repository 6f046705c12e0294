// SPDX-License-Identifier: MIT
// Expected errors of the forces (model/uncertainty.hpp), after the last layer's update, a block of
// rows at once: final scalars s + a_sv L.R + a_ss, whose a_ss the readout's matrix has otherwise,
// then the Mahalanobis distance by the matrix of each species that the block has.
#pragma once

#include "block.hpp"
#include "products.hpp"
#include "tensor_products.hpp"
#include "update.hpp"

namespace ipip::cuda {

// The polygon through a species' knots: constant before the first, proportional after the last.
template <class T>
IPIP_DEVICE double expected_error(const ErrorModel<T>& model, int species, double score) {
  if (!(score < model.largest)) return model.largest;  // NaN too
  const std::int64_t first = std::int64_t(species) * model.n_knots;
  int k = 0;
  while (k < model.n_knots && read(model.scores, first + k) <= score) ++k;
  if (k == 0) return read(model.errors, first);
  const double u = read(model.scores, first + k - 1), e = read(model.errors, first + k - 1);
  if (k < model.n_knots) {
    const double wide = read(model.scores, first + k) - u, rise = read(model.errors, first + k) - e;
    return e + rise * (score - u) / wide;
  }
  const double error = e * score / u;
  return error < model.largest ? error : model.largest;
}

template <class T>
IPIP_DEVICE void run(const ExpectErrors<T>& k, const Block& block) {
  constexpr int kThreads = ExpectErrors<T>::kThreads, kWarps = kThreads / kLanes;
  const int channels = k.channels;
  const TwoTiles<T> tiles(k.tiles, block.shared<T>());
  const BlockRows rows(k, block);
  const Tile<T> scalars = part_of(tiles.a, channels);
  block.each_thread([&](int thread) {
    for (int n = thread; n < rows.rows * channels; n += kThreads) {
      const int row = n / channels, c = n % channels;
      const std::int64_t at = rows.first + row;
      T hidden = 0, s = 0;
      if (at < rows.n) {
        hidden = silu(read(k.kept.context, at * channels + c));
        s = read(k.states, at * 4 * channels + c) +
            read(k.kept.gains, at * channels + c) * Mixed<T>(k.kept.mixed, at, channels, c).dot();
      }
      write(tiles.a.numbers, in_tile(tiles.a, row, c), hidden);
      write(scalars.numbers, in_tile(scalars, row, c), s);
    }
  });
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[1] = {{tiles.a, k.model.last_scalars}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      Words<T, 4> h = with_bias(four, k.model.last_bias, column);
      const Words<T, 4> s = read_words<4>(scalars.numbers, in_tile(scalars, row, column));
      for (int c = 0; c < 4; ++c) h.v[c] += s.v[c];
      put(tiles.b, row, column, h);
    });
  });
  // Each row by the matrix of its species, in place of what made it.
  each_factory(k, block, [&](const auto& makers) {
    for (int z = 0; z < k.model.n_species; ++z) {
      bool any = false;
      for (int row = 0; row < rows.rows && rows.first + row < rows.n; ++row) {
        any = any || read(k.species, rows.first + row) == z;
      }
      if (!any) continue;
      Matrix<T> whitening = k.model.whitening;
      whitening.at = std::int64_t(z) * channels * channels;
      const Product<T> by[1] = {{tiles.b, whitening}};
      multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
        const std::int64_t at = rows.first + row;
        if (at >= rows.n || read(k.species, at) != z) return;
        const Words<T, 4> offset = read_words<4>(k.model.offsets, z * channels + column);
        Words<T, 4> y = four;
        for (int c = 0; c < 4; ++c) y.v[c] += offset.v[c];
        put(tiles.a, row, column, y);
      });
    }
  });
  block.each_warp([&](int warp) {
    for (int row = warp; row < rows.rows && rows.first + row < rows.n; row += kWarps) {
      Lanes<double> squared = 0.0;
      for (int c = 0; c < channels; c += kLanes) {
        const Lanes<T> y = load<1>(tiles.a.numbers, in_tile(tiles.a, row, c)).v[0];
        squared += each_lane([](T v) { return double(v) * double(v); }, y);
      }
      const std::int64_t at = rows.first + row;
      const double score = square_root(sum<double>(squared));
      write_once(k.expected, at, expected_error(k.model, read(k.species, at), score));
    }
  });
}

}  // namespace ipip::cuda
