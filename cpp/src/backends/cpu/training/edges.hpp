// SPDX-License-Identifier: MIT
// Tangents of the passes over pairs. Included by kernels.inc alone, after isa/spline_weights.hpp
// and isa/pieces.hpp.
//
// Letters as in kernels.hpp; w_dot = w'(d) d_dot; k: place in a batch of weights, c: first channel
// of a register. For a message part phi that a gradient g of the receiver reaches,
//     g(phi)_dot += g_dot w + g w_dot,   g(w) += g_dot phi + g phi_dot,   g(w_dot) += g phi
// with g^s for phi^s, <u, g^v> for phi^vs and <v_j, g^v> for phi^vv.

// Spline weights that yield w, and w_dot = slope d_dot.
template <class T>
IPIP_INLINE void make_dual_spline_weights(const TangentPass<T>& pass, std::int64_t at, int n,
                                          SplineWeights<T>& spline) {
  make_spline_weights<T, true>(pass.pairs.fraction + at, n, T(pass.table.pieces_per_length),
                               spline);
  for (int basis = 0; basis < kSplineWeights; ++basis) {
    for (int e = 0; e < n; ++e) spline.slope[basis][e] *= pass.tangents.d[at + e];
  }
}

// s_dot_i += sum_j phi^s_dot w^s + phi^s w^s_dot,
// v_dot_i += sum_j u_dot phi^vs w^vs + u (phi^vs_dot w^vs + phi^vs w^vs_dot)
//                + v_dot_j phi^vv w^vv + v_j (phi^vv_dot w^vv + phi^vv w^vv_dot)
template <class T, int registers, bool first_layer>
void receive_tangents_piece(const TangentPass<T>& pass, const T* table, std::int64_t at,
                            std::int64_t n_rows, T* out) {
  constexpr int kWidth = Simd<T>::kWidth, kChunk = registers * kWidth;
  constexpr int kParts = first_layer ? 2 : 3, kRow = kParts * kChunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t F = pass.channels;
  SplineWeights<T> spline;
  for (std::int64_t i = 0; i < n_rows; ++i) {
    Vec<T> s[registers], vx[registers], vy[registers], vz[registers];
    const T* own = first_layer ? nullptr : pass.states.tangent + i * 4 * F + at;
    for (int r = 0; r < registers; ++r) {
      const int c = r * kWidth;
      s[r] = first_layer ? Vec<T>{} : load(own + c);
      vx[r] = first_layer ? Vec<T>{} : load(own + F + c);
      vy[r] = first_layer ? Vec<T>{} : load(own + 2 * F + c);
      vz[r] = first_layer ? Vec<T>{} : load(own + 3 * F + c);
    }
    const std::int64_t last = pairs.first[i + 1];
    for (std::int64_t batch = pairs.first[i]; batch < last; batch += kBatch) {
      const int n = last - batch < kBatch ? int(last - batch) : kBatch;
      make_dual_spline_weights(pass, batch, n, spline);
      for (int k = 0; k < n; ++k) {
        const std::int64_t e = batch + k, j = pairs.other[e];
        const T* row = table + std::int64_t(pairs.piece[e]) * kRow;
        const std::int64_t sent = (first_layer ? pass.species[j] : j) * 3 * F + at;
        const T* phi = pass.messages.value + sent;
        const T* phi_dot = first_layer ? nullptr : pass.messages.tangent + sent;
        const T* v_j = first_layer ? nullptr : pass.states.value + (j * 4 + 1) * F + at;
        const T* v_dot_j = first_layer ? nullptr : pass.states.tangent + (j * 4 + 1) * F + at;
        const T ux = pairs.ux[e], uy = pairs.uy[e], uz = pairs.uz[e];
        const T ux_dot = pass.tangents.ux[e], uy_dot = pass.tangents.uy[e],
                uz_dot = pass.tangents.uz[e];
#pragma GCC unroll 4
        for (int r = 0; r < registers; ++r) {
          const int c = r * kWidth;
          const auto filter = read_filters<T, kParts>(row, c, kRow, kChunk, spline, k);
          const Vec<T> phi_vs = load(phi + F + c);
          Vec<T> along_dot = phi_vs * filter.slope[kVs];
          s[r] += load(phi + c) * filter.slope[kS];
          if (!first_layer) {
            s[r] += load(phi_dot + c) * filter.w[kS];
            along_dot += load(phi_dot + F + c) * filter.w[kVs];
          }
          const Vec<T> along = phi_vs * filter.w[kVs];
          vx[r] += ux * along_dot + ux_dot * along;
          vy[r] += uy * along_dot + uy_dot * along;
          vz[r] += uz * along_dot + uz_dot * along;
          if constexpr (!first_layer) {
            const Vec<T> phi_vv = load(phi + 2 * F + c);
            const Vec<T> carried = phi_vv * filter.w[kVv];
            const Vec<T> carried_dot =
                phi_vv * filter.slope[kVv] + load(phi_dot + 2 * F + c) * filter.w[kVv];
            vx[r] += carried * load(v_dot_j + c) + carried_dot * load(v_j + c);
            vy[r] += carried * load(v_dot_j + F + c) + carried_dot * load(v_j + F + c);
            vz[r] += carried * load(v_dot_j + 2 * F + c) + carried_dot * load(v_j + 2 * F + c);
          }
        }
      }
    }
    T* to = out + i * 4 * F + at;
    for (int r = 0; r < registers; ++r) {
      const int c = r * kWidth;
      store(to + c, s[r]);
      store(to + F + c, vx[r]);
      store(to + 2 * F + c, vy[r]);
      store(to + 3 * F + c, vz[r]);
    }
  }
}

// Adds to the table's gradient what w and w_dot of a pair receive in one part:
//     g(c_k) += B_k(t) g(w) + B'_k(t) d_dot g(w_dot)
template <class T>
IPIP_INLINE void add_to_table(T* node, int pitch, const SplineWeights<T>& spline, int k,
                              Vec<T> of_w, Vec<T> of_w_dot) {
#pragma GCC unroll 6
  for (int basis = 0; basis < kSplineWeights; ++basis, node += pitch) {
    store(node,
          Vec<T>(load(node) + spline.value[basis][k] * of_w + spline.slope[basis][k] * of_w_dot));
  }
}

// The equations above, gathered by the sender j; and with phi^vv w^vv as `carried`
//     g(v)_dot_j = g^v_dot_j + sum_i g^v_dot_i carried + g^v_i carried_dot
//
// One register of a chunk of width `chunk`; `table` and `table_gradient` point to it. A row takes
// its own pairs: each stands for its mirror, as in inference/edges.hpp.
template <class T>
void send_back_tangents_piece(const TangentPass<T>& pass, const T* table, int chunk,
                              std::int64_t at, std::int64_t n_rows, T* message_g_dot,
                              T* state_g_dot, T* table_gradient) {
  const int pitch = 3 * chunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t F = pass.channels;
  SplineWeights<T> spline;
  for (std::int64_t j = 0; j < n_rows; ++j) {
    const T* phi = pass.messages.value + j * 3 * F + at;
    const T* phi_dot = pass.messages.tangent + j * 3 * F + at;
    const T* v_j = pass.states.value + (j * 4 + 1) * F + at;
    const T* v_dot_j = pass.states.tangent + (j * 4 + 1) * F + at;
    Vec<T> g_phi_s{}, g_phi_vs{}, g_phi_vv{}, g_vx{}, g_vy{}, g_vz{};  // all of them tangents
    const std::int64_t last = pairs.first[j + 1];
    for (std::int64_t batch = pairs.first[j]; batch < last; batch += kBatch) {
      const int n = last - batch < kBatch ? int(last - batch) : kBatch;
      make_dual_spline_weights(pass, batch, n, spline);
      for (int k = 0; k < n; ++k) {
        const std::int64_t e = batch + k;
        const std::int64_t place = std::int64_t(pairs.piece[e]) * pitch;
        const std::int64_t to = std::int64_t(pairs.other[e]) * 4 * F + at;
        const T ux = -pairs.ux[e], uy = -pairs.uy[e], uz = -pairs.uz[e];
        const T ux_dot = -pass.tangents.ux[e], uy_dot = -pass.tangents.uy[e],
                uz_dot = -pass.tangents.uz[e];
        const auto filter = read_filters<T, 3>(table + place, 0, pitch, chunk, spline, k);
        const T* g = pass.gradients.value + to;
        const T* g_dot = pass.gradients.tangent + to;
        T* node = table_gradient + place;
        {
          const Vec<T> gs = load(g), gs_dot = load(g_dot), phi_s = load(phi);
          g_phi_s += gs_dot * filter.w[kS] + gs * filter.slope[kS];
          add_to_table<T>(node, pitch, spline, k, gs_dot * phi_s + gs * load(phi_dot), gs * phi_s);
        }
        const Vec<T> gx = load(g + F), gy = load(g + 2 * F), gz = load(g + 3 * F);
        const Vec<T> gx_dot = load(g_dot + F), gy_dot = load(g_dot + 2 * F),
                     gz_dot = load(g_dot + 3 * F);
        {
          const Vec<T> u_g = ux * gx + uy * gy + uz * gz;
          const Vec<T> u_g_dot =
              ux * gx_dot + uy * gy_dot + uz * gz_dot + ux_dot * gx + uy_dot * gy + uz_dot * gz;
          const Vec<T> phi_vs = load(phi + F);
          g_phi_vs += u_g_dot * filter.w[kVs] + u_g * filter.slope[kVs];
          add_to_table<T>(node + chunk, pitch, spline, k,
                          u_g_dot * phi_vs + u_g * load(phi_dot + F), u_g * phi_vs);
        }
        {
          const Vec<T> vx = load(v_j), vy = load(v_j + F), vz = load(v_j + 2 * F);
          const Vec<T> v_g = vx * gx + vy * gy + vz * gz;
          const Vec<T> v_g_dot = vx * gx_dot + vy * gy_dot + vz * gz_dot + load(v_dot_j) * gx +
                                 load(v_dot_j + F) * gy + load(v_dot_j + 2 * F) * gz;
          const Vec<T> phi_vv = load(phi + 2 * F), phi_vv_dot = load(phi_dot + 2 * F);
          g_phi_vv += v_g_dot * filter.w[kVv] + v_g * filter.slope[kVv];
          add_to_table<T>(node + 2 * chunk, pitch, spline, k, v_g_dot * phi_vv + v_g * phi_vv_dot,
                          v_g * phi_vv);
          const Vec<T> carried = phi_vv * filter.w[kVv];
          const Vec<T> carried_dot = phi_vv * filter.slope[kVv] + phi_vv_dot * filter.w[kVv];
          g_vx += gx_dot * carried + gx * carried_dot;
          g_vy += gy_dot * carried + gy * carried_dot;
          g_vz += gz_dot * carried + gz * carried_dot;
        }
      }
    }
    T* to_message = message_g_dot + j * 3 * F + at;
    T* to_state = state_g_dot + j * 4 * F + at;
    const T* g_dot_j = pass.gradients.tangent + j * 4 * F + at;
    store(to_message, g_phi_s);
    store(to_message + F, g_phi_vs);
    store(to_message + 2 * F, g_phi_vv);
    store(to_state, load(g_dot_j));
    store(to_state + F, Vec<T>(g_vx + load(g_dot_j + F)));
    store(to_state + 2 * F, Vec<T>(g_vy + load(g_dot_j + 2 * F)));
    store(to_state + 3 * F, Vec<T>(g_vz + load(g_dot_j + 3 * F)));
  }
}

// The same in the first layer, by receivers: messages are those of species, and have no tangents.
template <class T>
void first_back_tangents_piece(const TangentPass<T>& pass, const T* table, int chunk,
                               std::int64_t at, std::int64_t n_rows, T* message_g_dot,
                               T* table_gradient) {
  const int pitch = 2 * chunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t F = pass.channels;
  SplineWeights<T> spline;
  for (std::int64_t i = 0; i < n_rows; ++i) {
    const T* g = pass.gradients.value + i * 4 * F + at;
    const T* g_dot = pass.gradients.tangent + i * 4 * F + at;
    const std::int64_t last = pairs.first[i + 1];
    for (std::int64_t batch = pairs.first[i]; batch < last; batch += kBatch) {
      const int n = last - batch < kBatch ? int(last - batch) : kBatch;
      make_dual_spline_weights(pass, batch, n, spline);
      for (int k = 0; k < n; ++k) {
        const std::int64_t e = batch + k;
        const std::int64_t place = std::int64_t(pairs.piece[e]) * pitch;
        const std::int64_t sent = std::int64_t(pass.species[pairs.other[e]]) * 3 * F + at;
        const T ux = pairs.ux[e], uy = pairs.uy[e], uz = pairs.uz[e];
        const T ux_dot = pass.tangents.ux[e], uy_dot = pass.tangents.uy[e],
                uz_dot = pass.tangents.uz[e];
        const auto filter = read_filters<T, 2>(table + place, 0, pitch, chunk, spline, k);
        const Vec<T> gx = load(g + F), gy = load(g + 2 * F), gz = load(g + 3 * F);
        const Vec<T> gs = load(g), gs_dot = load(g_dot);
        const Vec<T> u_g = ux * gx + uy * gy + uz * gz;
        const Vec<T> u_g_dot = ux * load(g_dot + F) + uy * load(g_dot + 2 * F) +
                               uz * load(g_dot + 3 * F) + ux_dot * gx + uy_dot * gy + uz_dot * gz;
        const Vec<T> phi_s = load(pass.messages.value + sent);
        const Vec<T> phi_vs = load(pass.messages.value + sent + F);
        T* to = message_g_dot + sent;
        store(to, Vec<T>(load(to) + gs_dot * filter.w[kS] + gs * filter.slope[kS]));
        store(to + F, Vec<T>(load(to + F) + u_g_dot * filter.w[kVs] + u_g * filter.slope[kVs]));
        T* node = table_gradient + place;
        add_to_table<T>(node, pitch, spline, k, gs_dot * phi_s, gs * phi_s);
        add_to_table<T>(node + chunk, pitch, spline, k, u_g_dot * phi_vs, u_g * phi_vs);
      }
    }
  }
}

template <class T>
void receive_tangents(const TangentPass<T>& pass, std::int64_t n, T* out) {
  const std::int64_t rows = pass.table.n_rows * (pass.first_layer ? 2 : 3);
  each_piece<T, kMaxRegisters>(
      pass.channels, rows, [&](auto registers, std::int64_t offset, int, std::int64_t at) {
        constexpr int count = decltype(registers)::value;
        (pass.first_layer
             ? receive_tangents_piece<T, count, true>
             : receive_tangents_piece<T, count, false>)(pass, pass.table.data + offset, at, n, out);
      });
}

// One register at a time: sums, filters and gradients of two would not fit the registers.
template <class T>
void send_back_tangents(const TangentPass<T>& pass, std::int64_t n, T* message_g_dot,
                        T* state_g_dot, T* table_gradient) {
  each_piece<T, 1>(pass.channels, 3 * pass.table.n_rows,
                   [&](Count<1>, std::int64_t offset, int chunk, std::int64_t at) {
                     send_back_tangents_piece(pass, pass.table.data + offset, chunk, at, n,
                                              message_g_dot, state_g_dot, table_gradient + offset);
                   });
}

template <class T>
void first_back_tangents(const TangentPass<T>& pass, std::int64_t n, T* message_g_dot,
                         T* table_gradient) {
  each_piece<T, 1>(pass.channels, 2 * pass.table.n_rows,
                   [&](Count<1>, std::int64_t offset, int chunk, std::int64_t at) {
                     first_back_tangents_piece(pass, pass.table.data + offset, chunk, at, n,
                                               message_g_dot, table_gradient + offset);
                   });
}
