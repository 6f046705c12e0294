// SPDX-License-Identifier: MIT
// Tangents of the passes over pairs. Included by kernels.inc alone, after inference/edges.hpp.
//
// w: filter times envelope, w_dot = w'(d) d_dot. tap: of the spline; v: vector of channels within a
// chunk. A message part phi receives p w + q w_dot, and w and w_dot receive p phi + q phi_dot and
// q phi: q is the gradient that reaches the pair, p its tangent.

// Spline weights that yield w, and w_dot = slope d_dot.
template <class T>
IPIP_INLINE void make_dual_taps(const TangentPass<T>& pass, std::int64_t at, int n, Taps<T>& taps) {
  make_taps<T, true>(pass.pairs.fraction + at, n, T(pass.table.pieces_per_length), taps);
  for (int tap = 0; tap < kTaps; ++tap) {
    for (int e = 0; e < n; ++e) taps.slope[tap][e] *= pass.tangents.d[at + e];
  }
}

template <class T, int vectors, bool first_layer>
void receive_tangents_chunk(const TangentPass<T>& pass, const T* table, std::int64_t at,
                            std::int64_t n_rows, T* out) {
  constexpr int kWidth = Simd<T>::kWidth, kChunk = vectors * kWidth;
  constexpr int kParts = first_layer ? 2 : 3, kRow = kParts * kChunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t F = pass.channels;
  Taps<T> taps;
  for (std::int64_t i = 0; i < n_rows; ++i) {
    Vec<T> s[vectors], vx[vectors], vy[vectors], vz[vectors];
    const T* own = first_layer ? nullptr : pass.states.dot + i * 4 * F + at;
    for (int v = 0; v < vectors; ++v) {
      s[v] = first_layer ? Vec<T>{} : load(own + v * kWidth);
      vx[v] = first_layer ? Vec<T>{} : load(own + F + v * kWidth);
      vy[v] = first_layer ? Vec<T>{} : load(own + 2 * F + v * kWidth);
      vz[v] = first_layer ? Vec<T>{} : load(own + 3 * F + v * kWidth);
    }
    const std::int64_t last = pairs.first[i + 1];
    for (std::int64_t batch = pairs.first[i]; batch < last; batch += kBatch) {
      const int n = last - batch < kBatch ? int(last - batch) : kBatch;
      make_dual_taps(pass, batch, n, taps);
      for (int k = 0; k < n; ++k) {
        const std::int64_t e = batch + k, j = pairs.other[e];
        const T* row = table + std::int64_t(pairs.piece[e]) * kRow;
        const std::int64_t sent = (first_layer ? pass.species[j] : j) * 3 * F + at;
        const T* message = pass.messages.value + sent;
        const T* message_dot = first_layer ? nullptr : pass.messages.dot + sent;
        const T* far = first_layer ? nullptr : pass.states.value + (j * 4 + 1) * F + at;
        const T* far_dot = first_layer ? nullptr : pass.states.dot + (j * 4 + 1) * F + at;
        const T ux = pairs.ux[e], uy = pairs.uy[e], uz = pairs.uz[e];
        const T tx = pass.tangents.ux[e], ty = pass.tangents.uy[e], tz = pass.tangents.uz[e];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
          const int c = v * kWidth;
          Vec<T> ws{}, wv{}, wx{}, ds{}, dv{}, dx{};
#pragma GCC unroll 6
          for (int tap = 0; tap < kTaps; ++tap) {
            const T weight = taps.value[tap][k], slope = taps.slope[tap][k];
            const T* node = row + tap * kRow + c;
            const Vec<T> cs = load(node), cv = load(node + kChunk);
            if (!first_layer) ws += weight * cs;
            ds += slope * cs;
            wv += weight * cv;
            dv += slope * cv;
            if (!first_layer) {
              const Vec<T> cx = load(node + 2 * kChunk);
              wx += weight * cx;
              dx += slope * cx;
            }
          }
          const Vec<T> mv = load(message + F + c);
          Vec<T> along = mv * dv;
          s[v] += load(message + c) * ds;
          if (!first_layer) {
            s[v] += load(message_dot + c) * ws;
            along += load(message_dot + F + c) * wv;
          }
          const Vec<T> across = mv * wv;
          vx[v] += ux * along + tx * across;
          vy[v] += uy * along + ty * across;
          vz[v] += uz * along + tz * across;
          if (!first_layer) {
            const Vec<T> mx = load(message + 2 * F + c);
            const Vec<T> carried = mx * wx;
            const Vec<T> carried_dot = mx * dx + load(message_dot + 2 * F + c) * wx;
            vx[v] += carried * load(far_dot + c) + carried_dot * load(far + c);
            vy[v] += carried * load(far_dot + F + c) + carried_dot * load(far + F + c);
            vz[v] += carried * load(far_dot + 2 * F + c) + carried_dot * load(far + 2 * F + c);
          }
        }
      }
    }
    T* to = out + i * 4 * F + at;
    for (int v = 0; v < vectors; ++v) {
      store(to + v * kWidth, s[v]);
      store(to + F + v * kWidth, vx[v]);
      store(to + 2 * F + v * kWidth, vy[v]);
      store(to + 3 * F + v * kWidth, vz[v]);
    }
  }
}

// Adds to the table's gradient what a pair's w and w_dot receive in one part.
template <class T>
IPIP_INLINE void add_to_table(T* node, int kRow, const Taps<T>& taps, int k, Vec<T> from_w,
                              Vec<T> from_w_dot) {
#pragma GCC unroll 6
  for (int tap = 0; tap < kTaps; ++tap, node += kRow) {
    store(node, Vec<T>(load(node) + taps.value[tap][k] * from_w + taps.slope[tap][k] * from_w_dot));
  }
}

// `vectors` of a chunk of width `kChunk`; `table` and `table_gradient` point to the first of them.
// A row takes its own pairs: each stands for its mirror, as in inference/edges.hpp.
template <class T, int vectors>
void send_back_tangents_piece(const TangentPass<T>& pass, const T* table, int kChunk,
                              std::int64_t at, std::int64_t n_rows, T* message_g_dot,
                              T* state_g_dot, T* table_gradient) {
  constexpr int kWidth = Simd<T>::kWidth;
  const int kRow = 3 * kChunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t F = pass.channels;
  Taps<T> taps;
  for (std::int64_t j = 0; j < n_rows; ++j) {
    const T* message = pass.messages.value + j * 3 * F + at;
    const T* message_dot = pass.messages.dot + j * 3 * F + at;
    const T* own = pass.states.value + (j * 4 + 1) * F + at;
    const T* own_dot = pass.states.dot + (j * 4 + 1) * F + at;
    Vec<T> ps[vectors], pv[vectors], px[vectors], gx[vectors], gy[vectors], gz[vectors];
    for (int v = 0; v < vectors; ++v) ps[v] = pv[v] = px[v] = gx[v] = gy[v] = gz[v] = Vec<T>{};
    const std::int64_t last = pairs.first[j + 1];
    for (std::int64_t batch = pairs.first[j]; batch < last; batch += kBatch) {
      const int n = last - batch < kBatch ? int(last - batch) : kBatch;
      make_dual_taps(pass, batch, n, taps);
      for (int k = 0; k < n; ++k) {
        const std::int64_t e = batch + k;
        const std::int64_t place = std::int64_t(pairs.piece[e]) * kRow;
        const std::int64_t to = std::int64_t(pairs.other[e]) * 4 * F + at;
        const T ux = -pairs.ux[e], uy = -pairs.uy[e], uz = -pairs.uz[e];
        const T tx = -pass.tangents.ux[e], ty = -pass.tangents.uy[e], tz = -pass.tangents.uz[e];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
          const int c = v * kWidth;
          Vec<T> ws{}, wv{}, wx{}, ds{}, dv{}, dx{};
#pragma GCC unroll 6
          for (int tap = 0; tap < kTaps; ++tap) {
            const T weight = taps.value[tap][k], slope = taps.slope[tap][k];
            const T* node = table + place + tap * kRow + c;
            const Vec<T> cs = load(node), cv = load(node + kChunk), cx = load(node + 2 * kChunk);
            ws += weight * cs;
            ds += slope * cs;
            wv += weight * cv;
            dv += slope * cv;
            wx += weight * cx;
            dx += slope * cx;
          }
          const T* g = pass.gradients.value + to + c;
          const T* g_dot = pass.gradients.dot + to + c;
          T* node = table_gradient + place + c;
          {
            const Vec<T> q = load(g), p = load(g_dot);
            const Vec<T> m = load(message + c);
            ps[v] += p * ws + q * ds;
            add_to_table<T>(node, kRow, taps, k, p * m + q * load(message_dot + c), q * m);
          }
          const Vec<T> qx = load(g + F), qy = load(g + 2 * F), qz = load(g + 3 * F);
          const Vec<T> dqx = load(g_dot + F), dqy = load(g_dot + 2 * F), dqz = load(g_dot + 3 * F);
          {
            const Vec<T> q = ux * qx + uy * qy + uz * qz;
            const Vec<T> p = ux * dqx + uy * dqy + uz * dqz + tx * qx + ty * qy + tz * qz;
            const Vec<T> m = load(message + F + c);
            pv[v] += p * wv + q * dv;
            add_to_table<T>(node + kChunk, kRow, taps, k, p * m + q * load(message_dot + F + c),
                            q * m);
          }
          {
            const Vec<T> ox = load(own + c), oy = load(own + F + c), oz = load(own + 2 * F + c);
            const Vec<T> q = ox * qx + oy * qy + oz * qz;
            const Vec<T> p = ox * dqx + oy * dqy + oz * dqz + load(own_dot + c) * qx +
                             load(own_dot + F + c) * qy + load(own_dot + 2 * F + c) * qz;
            const Vec<T> m = load(message + 2 * F + c), m_dot = load(message_dot + 2 * F + c);
            px[v] += p * wx + q * dx;
            add_to_table<T>(node + 2 * kChunk, kRow, taps, k, p * m + q * m_dot, q * m);
            const Vec<T> carried = m * wx, carried_dot = m * dx + m_dot * wx;
            gx[v] += dqx * carried + qx * carried_dot;
            gy[v] += dqy * carried + qy * carried_dot;
            gz[v] += dqz * carried + qz * carried_dot;
          }
        }
      }
    }
    T* to_message = message_g_dot + j * 3 * F + at;
    T* to_state = state_g_dot + j * 4 * F + at;
    const T* through = pass.gradients.dot + j * 4 * F + at;
    for (int v = 0; v < vectors; ++v) {
      const int c = v * kWidth;
      store(to_message + c, ps[v]);
      store(to_message + F + c, pv[v]);
      store(to_message + 2 * F + c, px[v]);
      store(to_state + c, load(through + c));
      store(to_state + F + c, Vec<T>(gx[v] + load(through + F + c)));
      store(to_state + 2 * F + c, Vec<T>(gy[v] + load(through + 2 * F + c)));
      store(to_state + 3 * F + c, Vec<T>(gz[v] + load(through + 3 * F + c)));
    }
  }
}

template <class T, int vectors>
void first_back_tangents_piece(const TangentPass<T>& pass, const T* table, int kChunk,
                               std::int64_t at, std::int64_t n_rows, T* message_g_dot,
                               T* table_gradient) {
  constexpr int kWidth = Simd<T>::kWidth;
  const int kRow = 2 * kChunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t F = pass.channels;
  Taps<T> taps;
  for (std::int64_t i = 0; i < n_rows; ++i) {
    const T* g = pass.gradients.value + i * 4 * F + at;
    const T* g_dot = pass.gradients.dot + i * 4 * F + at;
    const std::int64_t last = pairs.first[i + 1];
    for (std::int64_t batch = pairs.first[i]; batch < last; batch += kBatch) {
      const int n = last - batch < kBatch ? int(last - batch) : kBatch;
      make_dual_taps(pass, batch, n, taps);
      for (int k = 0; k < n; ++k) {
        const std::int64_t e = batch + k;
        const std::int64_t place = std::int64_t(pairs.piece[e]) * kRow;
        const std::int64_t sent = std::int64_t(pass.species[pairs.other[e]]) * 3 * F + at;
        const T ux = pairs.ux[e], uy = pairs.uy[e], uz = pairs.uz[e];
        const T tx = pass.tangents.ux[e], ty = pass.tangents.uy[e], tz = pass.tangents.uz[e];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
          const int c = v * kWidth;
          Vec<T> ws{}, wv{}, ds{}, dv{};
#pragma GCC unroll 6
          for (int tap = 0; tap < kTaps; ++tap) {
            const T weight = taps.value[tap][k], slope = taps.slope[tap][k];
            const T* node = table + place + tap * kRow + c;
            const Vec<T> cs = load(node), cv = load(node + kChunk);
            ws += weight * cs;
            ds += slope * cs;
            wv += weight * cv;
            dv += slope * cv;
          }
          const Vec<T> qx = load(g + F + c), qy = load(g + 2 * F + c), qz = load(g + 3 * F + c);
          const Vec<T> qs = load(g + c), ps = load(g_dot + c);
          const Vec<T> qv = ux * qx + uy * qy + uz * qz;
          const Vec<T> pv = ux * load(g_dot + F + c) + uy * load(g_dot + 2 * F + c) +
                            uz * load(g_dot + 3 * F + c) + tx * qx + ty * qy + tz * qz;
          const Vec<T> ms = load(pass.messages.value + sent + c);
          const Vec<T> mv = load(pass.messages.value + sent + F + c);
          T* to = message_g_dot + sent + c;
          store(to, Vec<T>(load(to) + ps * ws + qs * ds));
          store(to + F, Vec<T>(load(to + F) + pv * wv + qv * dv));
          T* node = table_gradient + place + c;
          add_to_table<T>(node, kRow, taps, k, ps * ms, qs * ms);
          add_to_table<T>(node + kChunk, kRow, taps, k, pv * mv, qv * mv);
        }
      }
    }
  }
}

template <class T, int vectors>
void receive_tangents_width(const TangentPass<T>& pass, const T* table, std::int64_t at,
                            std::int64_t n, T* out) {
  if (pass.first_layer) {
    receive_tangents_chunk<T, vectors, true>(pass, table, at, n, out);
  } else {
    receive_tangents_chunk<T, vectors, false>(pass, table, at, n, out);
  }
}

template <class T>
void receive_tangents(const TangentPass<T>& pass, std::int64_t n, T* out) {
  const T* table = pass.table.data;
  for (std::int64_t at = 0; at < pass.channels;) {
    const int vectors = panel_vectors<T>(pass.channels - at), width = vectors * Simd<T>::kWidth;
    if constexpr (kMaxVectors >= 4) {
      if (vectors == 4) receive_tangents_width<T, 4>(pass, table, at, n, out);
    }
    if (vectors == 2) receive_tangents_width<T, 2>(pass, table, at, n, out);
    if (vectors == 1) receive_tangents_width<T, 1>(pass, table, at, n, out);
    table += pass.table.n_rows * (pass.first_layer ? 2 : 3) * width;
    at += width;
  }
}

// Calls work(offset of the chunk in the table, its width, first channel) piece by piece.
template <class T, class F>
IPIP_INLINE void each_piece(const TangentPass<T>& pass, int step, F&& work) {
  std::int64_t offset = 0;
  for (std::int64_t at = 0; at < pass.channels;) {
    const int width = chunk_width<T>(pass.channels, at);
    for (int inside = 0; inside < width; inside += step) work(offset + inside, width, at + inside);
    offset += pass.table.n_rows * (pass.first_layer ? 2 : 3) * width;
    at += width;
  }
}

template <class T>
void send_back_tangents(const TangentPass<T>& pass, std::int64_t n, T* message_g_dot,
                        T* state_g_dot, T* table_gradient) {
  each_piece(pass, Simd<T>::kWidth, [&](std::int64_t offset, int width, std::int64_t at) {
    send_back_tangents_piece<T, 1>(pass, pass.table.data + offset, width, at, n, message_g_dot,
                                   state_g_dot, table_gradient + offset);
  });
}

template <class T>
void first_back_tangents(const TangentPass<T>& pass, std::int64_t n, T* message_g_dot,
                         T* table_gradient) {
  each_piece(pass, Simd<T>::kWidth, [&](std::int64_t offset, int width, std::int64_t at) {
    first_back_tangents_piece<T, 1>(pass, pass.table.data + offset, width, at, n, message_g_dot,
                                    table_gradient + offset);
  });
}
