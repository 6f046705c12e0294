// SPDX-License-Identifier: MIT
// Passes over the first layer's pairs by tables behind its matrices. Included by kernels.inc alone,
// after edges.hpp.
//
// k: place in a batch, v: vector of channels within a chunk, tap: of the spline.

constexpr int kFirstParts = 5;  // s, v, l, r, c

template <int n>
struct Count {
  static constexpr int value = n;
};

// With `mixed_only` nothing but the mixed rows is made.
template <class T, int vectors, bool mixed_only>
void first_tables_piece(const FirstPass<T>& pass, const T* tables, int kChunk, std::int64_t at,
                        std::int64_t begin, std::int64_t end, T* states, T* mixed, T* context) {
  constexpr int kWidth = Simd<T>::kWidth;
  const int kRow = kFirstParts * kChunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t channels = pass.channels;
  Taps<T> taps;
  BlockTaps<T, false> batch(pairs, begin, end, T(0));
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t own = pass.species[i] * channels + at;
    Vec<T> s[vectors], q[vectors], sums[9][vectors];  // vx vy vz, lx ly lz, rx ry rz
    for (int v = 0; v < vectors; ++v) {
      if (!mixed_only) {
        s[v] = load(pass.scalars + own + v * kWidth);
        q[v] = load(pass.context + own + v * kWidth);
      }
      for (int x = 0; x < 9; ++x) sums[x][v] = Vec<T>{};
    }
    const std::int64_t last = pairs.first[i + 1];
    for (std::int64_t e = pairs.first[i]; e < last; ++e) {
      const int k = batch.at(e, taps);
      const T* row =
          tables + pass.species[pairs.other[e]] * pass.pitch + std::int64_t(pairs.piece[e]) * kRow;
      const T u[3] = {pairs.ux[e], pairs.uy[e], pairs.uz[e]};
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        Vec<T> value[kFirstParts] = {};
#pragma GCC unroll 6
        for (int tap = 0; tap < kTaps; ++tap) {
          const T weight = taps.value[tap][k];
          const T* node = row + tap * kRow + v * kWidth;
#pragma GCC unroll 5
          for (int p = mixed_only ? 2 : 0; p < (mixed_only ? 4 : kFirstParts); ++p) {
            value[p] += weight * load(node + p * kChunk);
          }
        }
        if (!mixed_only) {
          s[v] += value[0];
          q[v] += value[4];
        }
#pragma GCC unroll 9
        for (int x = mixed_only ? 3 : 0; x < 9; ++x) sums[x][v] += u[x % 3] * value[1 + x / 3];
      }
    }
    T* mix = mixed + (i - begin) * 6 * channels + at;
    for (int v = 0; v < vectors; ++v) {
      const int c = v * kWidth;
      if (!mixed_only) {
        T* state = states + (i - begin) * 4 * channels + at;
        store(context + (i - begin) * channels + at + c, q[v]);
        store(state + c, s[v]);
        for (int x = 0; x < 3; ++x) store(state + (1 + x) * channels + c, sums[x][v]);
      }
      for (int x = 0; x < 3; ++x) {
        store(mix + 2 * x * channels + c, sums[3 + x][v]);
        store(mix + (2 * x + 1) * channels + c, sums[6 + x][v]);
      }
    }
  }
}

template <class T, int vectors>
void first_tables_back_piece(const FirstPass<T>& pass, const T* tables, int kChunk, std::int64_t at,
                             std::int64_t begin, std::int64_t end, const T* states, const T* mixed,
                             const T* context, T* pair_gradients) {
  constexpr int kWidth = Simd<T>::kWidth;
  const int kRow = kFirstParts * kChunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t channels = pass.channels;
  Taps<T> taps;
  BlockTaps<T, true> batch(pairs, begin, end, T(pass.pieces_per_length));
  for (std::int64_t i = begin; i < end; ++i) {
    const T* state = states + (i - begin) * 4 * channels + at;
    const T* mix = mixed + (i - begin) * 6 * channels + at;
    const T* q = context + (i - begin) * channels + at;
    const std::int64_t last = pairs.first[i + 1];
    for (std::int64_t e = pairs.first[i]; e < last; ++e) {
      const int k = batch.at(e, taps);
      const T* row =
          tables + pass.species[pairs.other[e]] * pass.pitch + std::int64_t(pairs.piece[e]) * kRow;
      const T u[3] = {pairs.ux[e], pairs.uy[e], pairs.uz[e]};
      Vec<T> sum_d{}, sum_u[3] = {};
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        const int c = v * kWidth;
        Vec<T> value[3] = {}, slope[kFirstParts] = {};  // values of v l r
#pragma GCC unroll 6
        for (int tap = 0; tap < kTaps; ++tap) {
          const T of_value = taps.value[tap][k], of_slope = taps.slope[tap][k];
          const T* node = row + tap * kRow + c;
#pragma GCC unroll 5
          for (int p = 0; p < kFirstParts; ++p) {
            const Vec<T> coefficient = load(node + p * kChunk);
            slope[p] += of_slope * coefficient;
            if (p > 0 && p < 4) value[p - 1] += of_value * coefficient;
          }
        }
        Vec<T> along[3] = {};  // u.dE/d(v l r)
#pragma GCC unroll 3
        for (int x = 0; x < 3; ++x) {
          const Vec<T> gv = load(state + (1 + x) * channels + c);
          const Vec<T> gl = load(mix + 2 * x * channels + c);
          const Vec<T> gr = load(mix + (2 * x + 1) * channels + c);
          along[0] += u[x] * gv;
          along[1] += u[x] * gl;
          along[2] += u[x] * gr;
          sum_u[x] += gv * value[0] + gl * value[1] + gr * value[2];
        }
        sum_d += load(state + c) * slope[0] + load(q + c) * slope[4];
        sum_d += along[0] * slope[1] + along[1] * slope[2] + along[2] * slope[3];
      }
      add_sums<T>(sum_d, sum_u[0], sum_u[1], sum_u[2],
                  pair_gradients + 4 * (e - pairs.first[begin]));
    }
  }
}

// Calls piece(vectors, table chunk, its width, its first channel) for pieces of at most `most`
// vectors of channels, the number of vectors being a type.
template <class T, int most, class Piece>
IPIP_INLINE void each_first_piece(const FirstPass<T>& pass, Piece&& piece) {
  const T* tables = pass.tables;
  for (std::int64_t at = 0; at < pass.channels;) {
    const int width = chunk_width<T>(pass.channels, at);
    const int vectors = width / Simd<T>::kWidth < most ? width / Simd<T>::kWidth : most;
    for (int inside = 0; inside < width; inside += vectors * Simd<T>::kWidth) {
      if constexpr (most >= 4) {
        if (vectors == 4) piece(Count<4>{}, tables + inside, width, at + inside);
      }
      if constexpr (most >= 2) {
        if (vectors == 2) piece(Count<2>{}, tables + inside, width, at + inside);
      }
      if (vectors == 1) piece(Count<1>{}, tables + inside, width, at + inside);
    }
    tables += pass.n_rows * kFirstParts * width;
    at += width;
  }
}

template <class T>
void first_tables(const FirstPass<T>& pass, std::int64_t begin, std::int64_t end, T* states,
                  T* mixed, T* context) {
  if (states == nullptr) {
    each_first_piece<T, kMaxVectors>(
        pass, [&](auto count, const T* table, int width, std::int64_t at) {
          first_tables_piece<T, count.value, true>(pass, table, width, at, begin, end, states,
                                                   mixed, context);
        });
  } else {
    each_first_piece<T, kBackVectors>(
        pass, [&](auto count, const T* table, int width, std::int64_t at) {
          first_tables_piece<T, count.value, false>(pass, table, width, at, begin, end, states,
                                                    mixed, context);
        });
  }
}

template <class T>
void first_tables_back(const FirstPass<T>& pass, std::int64_t begin, std::int64_t end,
                       const T* states, const T* mixed, const T* context, T* pair_gradients) {
  each_first_piece<T, kMaxVectors>(
      pass, [&](auto count, const T* table, int width, std::int64_t at) {
        first_tables_back_piece<T, count.value>(pass, table, width, at, begin, end, states, mixed,
                                                context, pair_gradients);
      });
}
