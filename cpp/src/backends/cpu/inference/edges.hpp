// SPDX-License-Identifier: MIT
// Passes over pairs. Included by kernels.inc alone, after taps.hpp.
//
// A row's sums stay in registers (or L1) while its pairs go by; filters come from the table each
// time. k: tap of the spline, v: vector of channels within a chunk.

// Rows of far atoms that are asked for before they are read. Where rows have few pairs there is too
// little to do in between for the processor to see this far by itself.
constexpr int kAhead = 3;
constexpr std::int64_t kFewPairs = 8;

// Asks for `width` numbers of each of `parts` parts of a row.
template <class T>
IPIP_INLINE void fetch(const T* row, int parts, std::int64_t pitch, int width) {
  constexpr int kLine = 64 / int(sizeof(T));
  for (int part = 0; part < parts; ++part) {
    for (int c = 0; c < width; c += kLine) __builtin_prefetch(row + part * pitch + c);
  }
}

template <class T, int vectors, bool first_layer>
void receive_chunk(const EdgePass<T>& pass, const T* table, std::int64_t at, std::int64_t begin,
                   std::int64_t end, T* out) {
  constexpr int kWidth = Simd<T>::kWidth, kChunk = vectors * kWidth;
  constexpr int kParts = first_layer ? 2 : 3, kRow = kParts * kChunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t channels = pass.channels;
  Taps<T> taps;
  BlockTaps<T, false> batch(pairs, begin, end, T(0));
  for (std::int64_t i = begin; i < end; ++i, out += 4 * channels) {
    Vec<T> s[vectors], vx[vectors], vy[vectors], vz[vectors];
    const T* own_s = pass.scalars + (first_layer ? pass.species[i] : i) * pass.scalar_pitch + at;
    const T* own_v = first_layer ? nullptr : pass.vectors + i * pass.vector_pitch + at;
    for (int v = 0; v < vectors; ++v) {
      s[v] = load(own_s + v * kWidth);
      vx[v] = first_layer ? Vec<T>{} : load(own_v + v * kWidth);
      vy[v] = first_layer ? Vec<T>{} : load(own_v + channels + v * kWidth);
      vz[v] = first_layer ? Vec<T>{} : load(own_v + 2 * channels + v * kWidth);
    }
    if (!first_layer && i + kAhead < end) {
      const std::int64_t ahead = i + kAhead, until = pairs.first[ahead + 1];
      for (std::int64_t e = pairs.first[ahead]; e < until && until - e <= kFewPairs; ++e) {
        const std::int64_t j = pairs.other[e];
        fetch(pass.messages + j * pass.message_pitch + at, 3, channels, kChunk);
        fetch(pass.vectors + j * pass.vector_pitch + at, 3, channels, kChunk);
      }
    }
    const std::int64_t last = pairs.first[i + 1];
    for (std::int64_t e = pairs.first[i]; e < last; ++e) {
      const int k = batch.at(e, taps);
      const std::int64_t j = pairs.other[e];
      const T* row = table + std::int64_t(pairs.piece[e]) * kRow;
      const T* message =
          pass.messages + (first_layer ? pass.species[j] : j) * pass.message_pitch + at;
      const T* far = first_layer ? nullptr : pass.vectors + j * pass.vector_pitch + at;
      const T ux = pairs.ux[e], uy = pairs.uy[e], uz = pairs.uz[e];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        Vec<T> ws{}, wv{}, wx{};
#pragma GCC unroll 6
        for (int tap = 0; tap < kTaps; ++tap) {
          const T weight = taps.value[tap][k];
          const T* node = row + tap * kRow + v * kWidth;
          ws += weight * load(node);
          wv += weight * load(node + kChunk);
          if (!first_layer) wx += weight * load(node + 2 * kChunk);
        }
        s[v] += ws * load(message + v * kWidth);
        wv *= load(message + channels + v * kWidth);
        vx[v] += ux * wv;
        vy[v] += uy * wv;
        vz[v] += uz * wv;
        if (!first_layer) {
          wx *= load(message + 2 * channels + v * kWidth);
          vx[v] += wx * load(far + v * kWidth);
          vy[v] += wx * load(far + channels + v * kWidth);
          vz[v] += wx * load(far + 2 * channels + v * kWidth);
        }
      }
    }
    for (int v = 0; v < vectors; ++v) {
      store(out + at + v * kWidth, s[v]);
      store(out + channels + at + v * kWidth, vx[v]);
      store(out + 2 * channels + at + v * kWidth, vy[v]);
      store(out + 3 * channels + at + v * kWidth, vz[v]);
    }
  }
}

// Chunks of the backward passes are worked on in pieces of `vectors` that fit the registers;
// `kChunk` is the width of the table's chunk. Pair (j, i) stands for (i, j).
template <class T, int vectors>
void send_back_piece(const EdgePass<T>& pass, const T* table, int kChunk, std::int64_t at,
                     std::int64_t begin, std::int64_t end, T* message_gradients, T* state_gradients,
                     T* pair_gradients) {
  constexpr int kWidth = Simd<T>::kWidth;
  const int kRow = 3 * kChunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t channels = pass.channels;
  Taps<T> taps;
  BlockTaps<T, true> batch(pairs, begin, end, T(pass.table.pieces_per_length));
  for (std::int64_t j = begin; j < end; ++j) {
    const T* message = pass.messages + j * pass.message_pitch + at;
    const T* own = pass.vectors + j * pass.vector_pitch + at;
    Vec<T> ps[vectors], pv[vectors], px[vectors], gx[vectors], gy[vectors], gz[vectors];
    for (int v = 0; v < vectors; ++v) ps[v] = pv[v] = px[v] = gx[v] = gy[v] = gz[v] = Vec<T>{};
    if (j + kAhead < end) {
      const std::int64_t ahead = j + kAhead, until = pairs.first[ahead + 1];
      constexpr int kPiece = vectors * kWidth;
      fetch(pass.messages + ahead * pass.message_pitch + at, 3, channels, kPiece);
      fetch(pass.vectors + ahead * pass.vector_pitch + at, 3, channels, kPiece);
      fetch(pass.gradients + ahead * 4 * channels + at, 4, channels, kPiece);
      for (std::int64_t e = pairs.first[ahead]; e < until && until - e <= kFewPairs; ++e) {
        fetch(pass.gradients + std::int64_t(pairs.other[e]) * 4 * channels + at, 4, channels,
              kPiece);
      }
    }
    const std::int64_t last = pairs.first[j + 1];
    for (std::int64_t e = pairs.first[j]; e < last; ++e) {
      const int k = batch.at(e, taps);
      const T* row = table + std::int64_t(pairs.piece[e]) * kRow;
      const T* g = pass.gradients + std::int64_t(pairs.other[e]) * 4 * channels + at;
      const T ux = -pairs.ux[e], uy = -pairs.uy[e], uz = -pairs.uz[e];
      Vec<T> sum_d{}, sum_x{}, sum_y{}, sum_z{};
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        Vec<T> ws{}, wv{}, wx{}, ds{}, dv{}, dx{};
#pragma GCC unroll 6
        for (int tap = 0; tap < kTaps; ++tap) {
          const T weight = taps.value[tap][k], slope = taps.slope[tap][k];
          const T* node = row + tap * kRow + v * kWidth;
          const Vec<T> cs = load(node), cv = load(node + kChunk), cx = load(node + 2 * kChunk);
          ws += weight * cs;
          ds += slope * cs;
          wv += weight * cv;
          dv += slope * cv;
          wx += weight * cx;
          dx += slope * cx;
        }
        const Vec<T> gs = load(g + v * kWidth);
        const Vec<T> gvx = load(g + channels + v * kWidth);
        const Vec<T> gvy = load(g + 2 * channels + v * kWidth);
        const Vec<T> gvz = load(g + 3 * channels + v * kWidth);
        const Vec<T> along_u = ux * gvx + uy * gvy + uz * gvz;
        const Vec<T> along_v = load(own + v * kWidth) * gvx +
                               load(own + channels + v * kWidth) * gvy +
                               load(own + 2 * channels + v * kWidth) * gvz;
        ps[v] += gs * ws;
        pv[v] += along_u * wv;
        px[v] += along_v * wx;
        const Vec<T> ms = load(message + v * kWidth);
        const Vec<T> mv = load(message + channels + v * kWidth);
        const Vec<T> mx = load(message + 2 * channels + v * kWidth);
        wx *= mx;
        gx[v] += gvx * wx;
        gy[v] += gvy * wx;
        gz[v] += gvz * wx;
        wv *= -mv;
        sum_x += gvx * wv;
        sum_y += gvy * wv;
        sum_z += gvz * wv;
        sum_d += gs * ms * ds + along_u * mv * dv + along_v * mx * dx;
      }
      add_sums<T>(sum_d, sum_x, sum_y, sum_z, pair_gradients + 4 * (e - pairs.first[begin]));
    }
    T* to_message = message_gradients + (j - begin) * 3 * channels + at;
    T* to_state = state_gradients + (j - begin) * 4 * channels + at;
    const T* through = pass.gradients + j * 4 * channels + at;
    for (int v = 0; v < vectors; ++v) {
      const int c = v * kWidth;
      store(to_message + c, ps[v]);
      store(to_message + channels + c, pv[v]);
      store(to_message + 2 * channels + c, px[v]);
      store(to_state + c, load(through + c));
      store(to_state + channels + c, Vec<T>(gx[v] + load(through + channels + c)));
      store(to_state + 2 * channels + c, Vec<T>(gy[v] + load(through + 2 * channels + c)));
      store(to_state + 3 * channels + c, Vec<T>(gz[v] + load(through + 3 * channels + c)));
    }
  }
}

template <class T, int vectors>
void first_back_chunk(const EdgePass<T>& pass, const T* table, std::int64_t at, std::int64_t begin,
                      std::int64_t end, const T* gradients, T* pair_gradients) {
  constexpr int kWidth = Simd<T>::kWidth, kChunk = vectors * kWidth, kRow = 2 * kChunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t channels = pass.channels;
  Taps<T> taps;
  BlockTaps<T, true> batch(pairs, begin, end, T(pass.table.pieces_per_length));
  for (std::int64_t i = begin; i < end; ++i) {
    const T* g = gradients + (i - begin) * 4 * channels + at;
    const std::int64_t last = pairs.first[i + 1];
    for (std::int64_t e = pairs.first[i]; e < last; ++e) {
      const int k = batch.at(e, taps);
      const T* row = table + std::int64_t(pairs.piece[e]) * kRow;
      const T* message = pass.messages + pass.species[pairs.other[e]] * pass.message_pitch + at;
      const T ux = pairs.ux[e], uy = pairs.uy[e], uz = pairs.uz[e];
      Vec<T> sum_d{}, sum_x{}, sum_y{}, sum_z{};
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        Vec<T> wv{}, ds{}, dv{};
#pragma GCC unroll 6
        for (int tap = 0; tap < kTaps; ++tap) {
          const T* node = row + tap * kRow + v * kWidth;
          const T slope = taps.slope[tap][k];
          const Vec<T> cv = load(node + kChunk);
          ds += slope * load(node);
          dv += slope * cv;
          wv += taps.value[tap][k] * cv;
        }
        const Vec<T> gs = load(g + v * kWidth);
        const Vec<T> gvx = load(g + channels + v * kWidth);
        const Vec<T> gvy = load(g + 2 * channels + v * kWidth);
        const Vec<T> gvz = load(g + 3 * channels + v * kWidth);
        const Vec<T> ms = load(message + v * kWidth);
        const Vec<T> mv = load(message + channels + v * kWidth);
        sum_d += gs * ms * ds + (ux * gvx + uy * gvy + uz * gvz) * mv * dv;
        wv *= mv;
        sum_x += gvx * wv;
        sum_y += gvy * wv;
        sum_z += gvz * wv;
      }
      add_sums<T>(sum_d, sum_x, sum_y, sum_z, pair_gradients + 4 * (e - pairs.first[begin]));
    }
  }
}

template <class T, int vectors>
void receive_width(const EdgePass<T>& pass, const T* table, std::int64_t at, std::int64_t begin,
                   std::int64_t end, T* out) {
  if (pass.first_layer) {
    receive_chunk<T, vectors, true>(pass, table, at, begin, end, out);
  } else {
    receive_chunk<T, vectors, false>(pass, table, at, begin, end, out);
  }
}

template <class T>
void receive(const EdgePass<T>& pass, std::int64_t begin, std::int64_t end, T* out) {
  const T* table = pass.table.data;
  for (std::int64_t at = 0; at < pass.channels;) {
    const int vectors = panel_vectors<T>(pass.channels - at), width = vectors * Simd<T>::kWidth;
    if constexpr (kMaxVectors >= 4) {
      if (vectors == 4) receive_width<T, 4>(pass, table, at, begin, end, out);
    }
    if (vectors == 2) receive_width<T, 2>(pass, table, at, begin, end, out);
    if (vectors == 1) receive_width<T, 1>(pass, table, at, begin, end, out);
    table += pass.table.n_rows * (pass.first_layer ? 2 : 3) * width;
    at += width;
  }
}

template <class T>
void send_back(const EdgePass<T>& pass, std::int64_t begin, std::int64_t end, T* message_gradients,
               T* state_gradients, T* pair_gradients) {
  constexpr int kStep = kBackVectors * Simd<T>::kWidth;
  const T* table = pass.table.data;
  for (std::int64_t at = 0; at < pass.channels;) {
    const int width = chunk_width<T>(pass.channels, at);
    for (int inside = 0; inside < width;) {
      const bool wide = width - inside >= kStep;
      (wide ? send_back_piece<T, kBackVectors>
            : send_back_piece<T, 1>)(pass, table + inside, width, at + inside, begin, end,
                                     message_gradients, state_gradients, pair_gradients);
      inside += wide ? kStep : Simd<T>::kWidth;
    }
    table += pass.table.n_rows * 3 * width;
    at += width;
  }
}

template <class T>
void first_back(const EdgePass<T>& pass, std::int64_t begin, std::int64_t end, const T* gradients,
                T* pair_gradients) {
  const T* table = pass.table.data;
  for (std::int64_t at = 0; at < pass.channels;) {
    const int vectors = panel_vectors<T>(pass.channels - at), width = vectors * Simd<T>::kWidth;
    if constexpr (kMaxVectors >= 4) {
      if (vectors == 4)
        first_back_chunk<T, 4>(pass, table, at, begin, end, gradients, pair_gradients);
    }
    if (vectors == 2)
      first_back_chunk<T, 2>(pass, table, at, begin, end, gradients, pair_gradients);
    if (vectors == 1)
      first_back_chunk<T, 1>(pass, table, at, begin, end, gradients, pair_gradients);
    table += pass.table.n_rows * 2 * width;
    at += width;
  }
}
