// SPDX-License-Identifier: MIT
// The last layer's update, the readout and their adjoints, a block of rows at once. Nothing reads
// the vectors after it, and its a_ss goes through the readout's matrix at once.
#pragma once

#include "block.hpp"
#include "products.hpp"
#include "tensor_products.hpp"
#include "update.hpp"

namespace ipip::cuda {

// E = scale (w.SiLU(z) + b) + offset in float64, and dE/dz in place of z: a warp a row.
template <class T>
IPIP_DEVICE void read_out(const LastUpdate<T>& k, const Block& block, const BlockRows& rows,
                          const Tile<T>& z) {
  constexpr int kWarps = LastUpdate<T>::kThreads / kLanes;
  const Readout<T>& readout = k.readout;
  block.each_warp([&](int warp) {
    for (int row = warp; row < rows.rows && rows.first + row < rows.n; row += kWarps) {
      const std::int64_t at = rows.first + row;
      const int species = read(k.species, at);
      const double scale = read(readout.scale, species);
      const T factor = static_cast<T>(scale);
      Lanes<double> energy = 0.0;
      for (int c = 0; c < readout.weight.size; c += kLanes) {
        const std::int64_t place = in_tile(z, row, c);
        const Lanes<T> value = load<1>(z.numbers, place).v[0];
        const Lanes<T> weight = load<1>(readout.weight, c).v[0];
        energy += convert<double>(each_lane([](T v, T w) { return silu(v) * w; }, value, weight));
        Strip<T, 1> slope;
        slope.v[0] = each_lane([=](T v, T w) { return factor * w * silu_slope(v); }, value, weight);
        store(z.numbers, place, slope);
      }
      write_once(
          k.energies, at,
          read(readout.offset, species) + scale * (sum<double>(energy) + readout.energy_bias));
    }
  });
}

template <class T>
IPIP_DEVICE void run(const LastUpdate<T>& k, const Block& block) {
  constexpr int kThreads = LastUpdate<T>::kThreads;
  const int channels = k.channels, dot_at = k.tiles.width - channels;
  const TwoTiles<T> tiles(k.tiles, block.shared<T>());
  const BlockRows rows(k, block);
  const Tile<T> scalars = part_of(tiles.a, channels), g_sv = part_of(tiles.a, 2 * channels);
  mix(k, block, rows, tiles, dot_at);
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[1] = {{tiles.a, k.matrices.gains}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      const std::int64_t at = rows.first + row;
      if (at >= rows.n) return;
      write_words<4>(k.kept.gains, at * channels + column,
                     with_bias(four, k.matrices.gains_bias, column));
    });
  });
  block.each_thread([&](int thread) {
    for (int n = thread; n < rows.rows * channels; n += kThreads) {
      const int row = n / channels, c = n % channels;
      const std::int64_t at = rows.first + row;
      const T gain = at < rows.n ? read(k.kept.gains, at * channels + c) : T(0);
      write(scalars.numbers, in_tile(scalars, row, c),
            read(tiles.b.numbers, in_tile(tiles.b, row, c)) +
                gain * read(tiles.b.numbers, in_tile(tiles.b, row, dot_at + c)));
    }
  });
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[2] = {{scalars, k.readout.scalars}, {tiles.a, k.readout.hidden}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      put(tiles.b, row, column, with_bias(four, k.readout.bias, column));
    });
  });
  read_out(k, block, rows, tiles.b);
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[1] = {{tiles.b, k.readout.scalars_turned}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      put(scalars, row, column, four);
    });
  });
  block.each_thread([&](int thread) {
    for (int n = thread; n < rows.rows * channels; n += kThreads) {
      const int row = n / channels, c = n % channels;
      write(g_sv.numbers, in_tile(g_sv, row, c),
            read(scalars.numbers, in_tile(scalars, row, c)) *
                read(tiles.b.numbers, in_tile(tiles.b, row, dot_at + c)));
    }
  });
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[2] = {{g_sv, k.matrices.gains_turned}, {tiles.b, k.readout.hidden_turned}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      Words<T, 4> g = {};
      const std::int64_t at = rows.first + row;
      if (at < rows.n) {
        const Words<T, 4> z = read_words<4>(k.kept.context, at * channels + column);
        for (int c = 0; c < 4; ++c) g.v[c] = four.v[c] * silu_slope(z.v[c]);
      }
      put(tiles.a, row, column, g);
    });
  });
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[1] = {{tiles.a, k.matrices.context_turned}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      put(tiles.b, row, column, four);
    });
  });
  mix_back<false>(k, block, rows, tiles.b, scalars, tiles.a);
}

}  // namespace ipip::cuda
