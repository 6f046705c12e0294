// SPDX-License-Identifier: MIT
// The update of a layer (Schütt et al. 2021, Eqs. 9 and 10) and the messages of the next, forward
// and backward: a block of rows goes through all of it at once, its factors in shared memory.
//
// row: within the block, at: row of the student, c: channel, x: axis.
#pragma once

#include "block.hpp"
#include "products.hpp"
#include "tensor_products.hpp"

namespace ipip::cuda {

template <class T>
IPIP_DEVICE T sigmoid(T z) {
  return T(1) / (T(1) + exponential(-z));
}
template <class T>
IPIP_DEVICE T silu(T z) {
  return z * sigmoid(z);
}
template <class T>
IPIP_DEVICE T silu_slope(T z) {
  const T s = sigmoid(z);
  return s * (T(1) + z * (T(1) - s));
}

/// The rows of one block: [first, first + rows), of which rows below `n` exist.
struct BlockRows {
  std::int64_t first = 0, n = 0;
  int rows = 0, channels = 0;

  template <class T>
  IPIP_DEVICE BlockRows(const TiledRows<T>& k, const Block& block)
      : first(k.range.begin + block.index() * k.tiles.rows),
        n(k.range.end),
        rows(k.tiles.rows),
        channels(k.channels) {}

  /// Calls f(row, at, c) for the channels of all rows that exist.
  template <class F>
  IPIP_DEVICE void each(int thread, int threads, const F& f) const {
    for (int k = thread; k < rows * channels; k += threads) {
      const int row = k / channels;
      if (first + row < n) f(row, first + row, k % channels);
    }
  }
};

template <class T>
IPIP_DEVICE std::int64_t in_tile(const Tile<T>& tile, int row, int column) {
  return tile.at + std::int64_t(row) * tile.pitch + column;
}
template <class T>
IPIP_DEVICE void put(const Tile<T>& tile, int row, int column, const Words<T, 4>& four) {
  write_words<4>(tile.numbers, in_tile(tile, row, column), four);
}
template <class T>
IPIP_DEVICE Words<T, 4> with_bias(const Words<T, 4>& four, const Array<T>& bias, int column) {
  Words<T, 4> out = read_words<4>(bias, column);
  for (int c = 0; c < 4; ++c) out.v[c] += four.v[c];
  return out;
}
template <class T>
IPIP_DEVICE Words<T, 4> silu(const Words<T, 4>& four) {
  Words<T, 4> out;
  for (int c = 0; c < 4; ++c) out.v[c] = silu(four.v[c]);
  return out;
}

/// Vv and Uv of a row and channel, by axis: V is the half of the mixing matrix of the norm.
template <class T>
struct Mixed {
  T vv[3], uv[3];

  IPIP_DEVICE Mixed(const Array<T>& mixed, std::int64_t at, int channels, int c) {
    for (int x = 0; x < 3; ++x) {
      vv[x] = read(mixed, (at * 6 + 2 * x) * channels + c);
      uv[x] = read(mixed, (at * 6 + 2 * x + 1) * channels + c);
    }
  }
  IPIP_DEVICE T norm(T epsilon) const {
    return square_root(epsilon + vv[0] * vv[0] + vv[1] * vv[1] + vv[2] * vv[2]);
  }
  IPIP_DEVICE T dot() const { return vv[0] * uv[0] + vv[1] * uv[1] + vv[2] * uv[2]; }
};

// Vv_x, Uv_x by the mixing matrix; z = [s | |Vv|] C + b. Tile b holds s, |Vv| and, from `dot_at`
// on, Vv.Uv then; tile a SiLU(z).
template <class Kernel, class T>
IPIP_DEVICE void mix(const Kernel& k, const Block& block, const BlockRows& rows,
                     const TwoTiles<T>& tiles, int dot_at) {
  constexpr int kThreads = Kernel::kThreads;
  const int channels = k.channels;
  block.each_thread([&](int thread) {
    for (int n = thread; n < rows.rows * 3 * channels; n += kThreads) {
      const int row = n / (3 * channels), column = n % (3 * channels);
      const std::int64_t at = rows.first + row;
      // Rows that do not exist are zeros, whose products nothing reads.
      write(tiles.a.numbers, in_tile(tiles.a, row, column),
            at < rows.n ? read(k.states, at * 4 * channels + channels + column) : T(0));
    }
  });
  each_factory(k, block, [&](const auto& makers) {
    for (int x = 0; x < 3; ++x) {
      const Product<T> by[1] = {{part_of(tiles.a, x * channels), k.matrices.mix}};
      multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
        const std::int64_t at = rows.first + row;
        if (at >= rows.n) return;
        write_words<4>(k.kept.mixed, (at * 6 + 2 * x) * channels + column, four);
      });
    }
  });
  block.each_thread([&](int thread) {
    for (int n = thread; n < rows.rows * channels; n += kThreads) {
      const int row = n / channels, c = n % channels;
      const std::int64_t at = rows.first + row;
      const bool there = at < rows.n;
      T s = 0, norm = 0, dot = 0;
      if (there) {
        const Mixed<T> mixed(k.kept.mixed, at, channels, c);
        s = read(k.states, at * 4 * channels + c);
        norm = mixed.norm(k.epsilon);
        dot = mixed.dot();
      }
      write(tiles.b.numbers, in_tile(tiles.b, row, c), s);
      write(tiles.b.numbers, in_tile(tiles.b, row, channels + c), norm);
      write(tiles.b.numbers, in_tile(tiles.b, row, dot_at + c), dot);
    }
  });
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[1] = {{tiles.b, k.matrices.context}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      const Words<T, 4> z = with_bias(four, k.matrices.context_bias, column);
      put(tiles.a, row, column, silu(z));
      const std::int64_t at = rows.first + row;
      if (at < rows.n) write_words<4>(k.kept.context, at * channels + column, z);
    });
  });
}

// dE/d(s, |Vv|) (tile `q`: [g_s | g_|Vv|], `gs`: dE/ds' at a column) -> dE/dv by Vv and Uv:
// dE/d(Vv) = dE/d(Vv.Uv) Uv + dE/d|Vv| Vv / |Vv|,  dE/d(Uv) = dE/d(Vv.Uv) Vv + a_vv g_v
template <bool vectors, class Kernel, class T>
IPIP_DEVICE void mix_back(const Kernel& k, const Block& block, const BlockRows& rows,
                          const Tile<T>& q, const Tile<T>& gs, const Tile<T>& work) {
  constexpr int kThreads = Kernel::kThreads;
  const int channels = k.channels, gains = vectors ? 3 : 1;
  block.each_thread([&](int thread) {
    rows.each(thread, kThreads, [&](int row, std::int64_t at, int c) {
      const Mixed<T> mixed(k.kept.mixed, at, channels, c);
      const T g = read(gs.numbers, in_tile(gs, row, c));
      const std::int64_t from_s = in_tile(q, row, c), from_norm = in_tile(q, row, channels + c);
      const std::int64_t a_sv = at * gains * channels + (vectors ? channels : 0) + c;
      write(k.gradients, at * 4 * channels + c, g + read(q.numbers, from_s));
      write(q.numbers, from_s, g * read(k.kept.gains, a_sv));
      write(q.numbers, from_norm, read(q.numbers, from_norm) / mixed.norm(k.epsilon));
    });
  });
  for (int x = 0; x < 3; ++x) {
    block.each_thread([&](int thread) {
      for (int n = thread; n < rows.rows * channels; n += kThreads) {
        const int row = n / channels, c = n % channels;
        const std::int64_t at = rows.first + row;
        T g_vv = 0, g_uv = 0;
        if (at < rows.n) {
          const T vv = read(k.kept.mixed, (at * 6 + 2 * x) * channels + c);
          const T uv = read(k.kept.mixed, (at * 6 + 2 * x + 1) * channels + c);
          const T per_dot = read(q.numbers, in_tile(q, row, c));
          const T per_norm = read(q.numbers, in_tile(q, row, channels + c));
          g_vv = per_dot * uv + per_norm * vv;
          g_uv = per_dot * vv;
          if constexpr (vectors) {
            g_uv += read(k.kept.gains, (at * 3 + 2) * channels + c) *
                    read(k.gradients, (at * 4 + 1 + x) * channels + c);
          }
        }
        write(work.numbers, in_tile(work, row, c), g_vv);
        write(work.numbers, in_tile(work, row, channels + c), g_uv);
      }
    });
    each_factory(k, block, [&](const auto& makers) {
      const Product<T> by[1] = {{work, k.matrices.mix_turned}};
      multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
        const std::int64_t at = rows.first + row;
        if (at >= rows.n) return;
        const std::int64_t to = (at * 4 + 1 + x) * channels + column;
        Words<T, 4> g = four;
        if constexpr (vectors) {
          const Words<T, 4> through = read_words<4>(k.gradients, to);
          for (int c = 0; c < 4; ++c) g.v[c] += through.v[c];
        }
        write_words<4>(k.gradients, to, g);
      });
    });
  }
}

// s' = s + a_ss + a_sv (Vv.Uv),  v' = v + a_vv Uv; then phi = W_2 SiLU(W_1 s' + b_1) + b_2
template <class T>
IPIP_DEVICE void run(const Update<T>& k, const Block& block) {
  constexpr int kThreads = Update<T>::kThreads;
  const int channels = k.channels;
  const TwoTiles<T> tiles(k.tiles, block.shared<T>());
  const BlockRows rows(k, block);
  const int dot_at = 2 * channels;
  mix(k, block, rows, tiles, dot_at);
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[1] = {{tiles.a, k.matrices.gains}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      const std::int64_t at = rows.first + row;
      if (at >= rows.n) return;
      write_words<4>(k.kept.gains, at * 3 * channels + column,
                     with_bias(four, k.matrices.gains_bias, column));
    });
  });
  block.each_thread([&](int thread) {
    for (int n = thread; n < rows.rows * channels; n += kThreads) {
      const int row = n / channels, c = n % channels;
      const std::int64_t at = rows.first + row, gain = at * 3 * channels + c;
      T s = 0;
      if (at < rows.n) {
        s = read(tiles.b.numbers, in_tile(tiles.b, row, c)) + read(k.kept.gains, gain) +
            read(k.kept.gains, gain + channels) *
                read(tiles.b.numbers, in_tile(tiles.b, row, dot_at + c));
        write(k.scalars, at * channels + c, s);
        const T a_vv = read(k.kept.gains, gain + 2 * channels);
        for (int x = 0; x < 3; ++x) {
          write(k.sent, (at * 6 + 3 + x) * channels + c,
                read(k.states, (at * 4 + 1 + x) * channels + c) +
                    a_vv * read(k.kept.mixed, (at * 6 + 2 * x + 1) * channels + c));
        }
      }
      write(tiles.a.numbers, in_tile(tiles.a, row, channels + c), s);
    }
  });
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[1] = {{part_of(tiles.a, channels), k.messages.hidden}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      const Words<T, 4> z = with_bias(four, k.messages.hidden_bias, column);
      put(tiles.b, row, column, silu(z));
      const std::int64_t at = rows.first + row;
      if (at < rows.n) write_words<4>(k.hidden, at * channels + column, z);
    });
  });
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[1] = {{tiles.b, k.messages.sent}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      const std::int64_t at = rows.first + row;
      if (at >= rows.n) return;
      write_words<4>(k.sent, at * 6 * channels + column,
                     with_bias(four, k.messages.sent_bias, column));
    });
  });
}

// g_h = g_phi W_2', g_s += (g_h SiLU'(z)) W_1'; then g_a = (g_s, g_s (Vv.Uv), g_v.Uv) and back
// through the update
template <class T>
IPIP_DEVICE void run(const UpdateBack<T>& k, const Block& block) {
  constexpr int kThreads = UpdateBack<T>::kThreads;
  const int channels = k.channels;
  const TwoTiles<T> tiles(k.tiles, block.shared<T>());
  const BlockRows rows(k, block);
  const auto times_slope = [&](const Words<T, 4>& four, const Array<T>& argument, int row,
                               int column) {
    Words<T, 4> out = {};
    const std::int64_t at = rows.first + row;
    if (at >= rows.n) return out;
    const Words<T, 4> z = read_words<4>(argument, at * channels + column);
    for (int c = 0; c < 4; ++c) out.v[c] = four.v[c] * silu_slope(z.v[c]);
    return out;
  };
  const Tile<T> gs = part_of(tiles.b, channels);
  block.each_thread([&](int thread) {
    for (int n = thread; n < rows.rows * 3 * channels; n += kThreads) {
      const int row = n / (3 * channels), column = n % (3 * channels);
      const std::int64_t at = rows.first + row;
      write(tiles.a.numbers, in_tile(tiles.a, row, column),
            at < rows.n ? read(k.message_gradients, at * 3 * channels + column) : T(0));
    }
  });
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[1] = {{tiles.a, k.messages.sent_turned}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      put(tiles.b, row, column, times_slope(four, k.hidden, row, column));
    });
  });
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[1] = {{tiles.b, k.messages.hidden_turned}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      const std::int64_t at = rows.first + row;
      Words<T, 4> g = {};
      if (at < rows.n) {
        g = read_words<4>(k.gradients, at * 4 * channels + column);
        for (int c = 0; c < 4; ++c) g.v[c] += four.v[c];
      }
      put(gs, row, column, g);
    });
  });
  block.each_thread([&](int thread) {
    for (int n = thread; n < rows.rows * channels; n += kThreads) {
      const int row = n / channels, c = n % channels;
      const std::int64_t at = rows.first + row;
      T g_s = 0, per_dot = 0, along = 0;
      if (at < rows.n) {
        const Mixed<T> mixed(k.kept.mixed, at, channels, c);
        g_s = read(gs.numbers, in_tile(gs, row, c));
        per_dot = g_s * mixed.dot();
        for (int x = 0; x < 3; ++x) {
          along += read(k.gradients, (at * 4 + 1 + x) * channels + c) * mixed.uv[x];
        }
      }
      write(tiles.a.numbers, in_tile(tiles.a, row, c), g_s);
      write(tiles.a.numbers, in_tile(tiles.a, row, channels + c), per_dot);
      write(tiles.a.numbers, in_tile(tiles.a, row, 2 * channels + c), along);
    }
  });
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[1] = {{tiles.a, k.matrices.gains_turned}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      put(tiles.b, row, column, times_slope(four, k.kept.context, row, column));
    });
  });
  each_factory(k, block, [&](const auto& makers) {
    const Product<T> by[1] = {{tiles.b, k.matrices.context_turned}};
    multiply(makers, by, [&](int row, int column, const Words<T, 4>& four) {
      put(tiles.a, row, column, four);
    });
  });
  // Tile b's first channels are free again; g_s stays until it is read.
  mix_back<true>(k, block, rows, tiles.a, gs, tiles.b);
}

}  // namespace ipip::cuda
