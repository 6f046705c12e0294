// SPDX-License-Identifier: MIT
// Passes over pairs. Included by kernels.inc alone, after isa/spline_weights.hpp and
// isa/pieces.hpp.
//
// A row's sums stay in registers (or L1) while its pairs go by; filters come from the table each
// time. Letters as in kernels.hpp; k: place in a batch of weights, r: register of channels within a
// piece, c: its first channel.

// How many rows of neighbours are prefetched. Where rows have few pairs, the processor has too
// little work in between to prefetch this far by itself.
constexpr int kAhead = 3;
constexpr std::int64_t kFewPairs = 8;

// Prefetches `width` numbers of each of `parts` parts of a row.
template <class T>
IPIP_INLINE void fetch(const T* row, int parts, std::int64_t pitch, int width) {
  constexpr int kLine = 64 / int(sizeof(T));
  for (int part = 0; part < parts; ++part) {
    for (int c = 0; c < width; c += kLine) __builtin_prefetch(row + part * pitch + c);
  }
}

// s_i += sum_j phi^s_j w^s,   v_i += sum_j u (phi^vs_j w^vs) + v_j (phi^vv_j w^vv)
template <class T, int registers, bool first_layer>
void receive_piece(const EdgePass<T>& pass, const T* table, std::int64_t at, std::int64_t begin,
                   std::int64_t end, T* out) {
  constexpr int kWidth = Simd<T>::kWidth, kChunk = registers * kWidth;
  constexpr int kParts = first_layer ? 2 : 3, kRow = kParts * kChunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t F = pass.channels;
  SplineWeights<T> spline;
  BlockSplineWeights<T, false> batch(pairs, begin, end, T(0));
  for (std::int64_t i = begin; i < end; ++i, out += 4 * F) {
    Vec<T> s[registers], vx[registers], vy[registers], vz[registers];
    const T* s_i = pass.scalars + (first_layer ? pass.species[i] : i) * pass.scalar_pitch + at;
    const T* v_i = first_layer ? nullptr : pass.vectors + i * pass.vector_pitch + at;
    for (int r = 0; r < registers; ++r) {
      const int c = r * kWidth;
      s[r] = load(s_i + c);
      vx[r] = first_layer ? Vec<T>{} : load(v_i + c);
      vy[r] = first_layer ? Vec<T>{} : load(v_i + F + c);
      vz[r] = first_layer ? Vec<T>{} : load(v_i + 2 * F + c);
    }
    if (!first_layer && i + kAhead < end) {
      const std::int64_t ahead = i + kAhead, until = pairs.first[ahead + 1];
      for (std::int64_t e = pairs.first[ahead]; e < until && until - e <= kFewPairs; ++e) {
        const std::int64_t j = pairs.other[e];
        fetch(pass.messages + j * pass.message_pitch + at, 3, F, kChunk);
        fetch(pass.vectors + j * pass.vector_pitch + at, 3, F, kChunk);
      }
    }
    const std::int64_t last = pairs.first[i + 1];
    for (std::int64_t e = pairs.first[i]; e < last; ++e) {
      const int k = batch.at(e, spline);
      const std::int64_t j = pairs.other[e];
      const T* row = table + std::int64_t(pairs.piece[e]) * kRow;
      const T* phi = pass.messages + (first_layer ? pass.species[j] : j) * pass.message_pitch + at;
      const T* v_j = first_layer ? nullptr : pass.vectors + j * pass.vector_pitch + at;
      const T ux = pairs.ux[e], uy = pairs.uy[e], uz = pairs.uz[e];
#pragma GCC unroll 4
      for (int r = 0; r < registers; ++r) {
        const int c = r * kWidth;
        const auto filter = read_filters<T, kParts, false>(row, c, kRow, kChunk, spline, k);
        s[r] += filter.w[kS] * load(phi + c);
        const Vec<T> along = filter.w[kVs] * load(phi + F + c);
        vx[r] += ux * along;
        vy[r] += uy * along;
        vz[r] += uz * along;
        if constexpr (!first_layer) {
          const Vec<T> carried = filter.w[kVv] * load(phi + 2 * F + c);
          vx[r] += carried * load(v_j + c);
          vy[r] += carried * load(v_j + F + c);
          vz[r] += carried * load(v_j + 2 * F + c);
        }
      }
    }
    for (int r = 0; r < registers; ++r) {
      const std::int64_t c = at + r * kWidth;
      store(out + c, s[r]);
      store(out + F + c, vx[r]);
      store(out + 2 * F + c, vy[r]);
      store(out + 3 * F + c, vz[r]);
    }
  }
}

// The adjoint, gathered by the sender j from its receivers i:
//     g(phi^s)_j = sum_i g^s w^s,               g(phi^vs)_j = sum_i (u.g^v) w^vs,
//     g(phi^vv)_j = sum_i (v_j.g^v) w^vv,       g(v)_j = g^v_j + sum_i g^v phi^vv_j w^vv,
//     dE/dd = sum_F g^s phi^s w'^s + (u.g^v) phi^vs w'^vs + (v_j.g^v) phi^vv w'^vv,
//     dE/du = sum_F g^v phi^vs w^vs
// with g = g_i. Pair (j, i) stands for its mirror (i, j): its u is the negative of the one above,
// and what (j, i) gets of dE/du is the negative of what (i, j) would.
//
// `chunk` is the width of the table's chunk, of which the piece is a part.
template <class T, int registers>
void send_back_piece(const EdgePass<T>& pass, const T* table, int chunk, std::int64_t at,
                     std::int64_t begin, std::int64_t end, T* message_gradients, T* state_gradients,
                     T* pair_gradients) {
  constexpr int kWidth = Simd<T>::kWidth;
  const int kRow = 3 * chunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t F = pass.channels;
  SplineWeights<T> spline;
  BlockSplineWeights<T, true> batch(pairs, begin, end, T(pass.table.pieces_per_length));
  for (std::int64_t j = begin; j < end; ++j) {
    const T* phi = pass.messages + j * pass.message_pitch + at;
    const T* v_j = pass.vectors + j * pass.vector_pitch + at;
    Vec<T> g_phi_s[registers], g_phi_vs[registers], g_phi_vv[registers];
    Vec<T> g_vx[registers], g_vy[registers], g_vz[registers];
    for (int r = 0; r < registers; ++r) {
      g_phi_s[r] = g_phi_vs[r] = g_phi_vv[r] = g_vx[r] = g_vy[r] = g_vz[r] = Vec<T>{};
    }
    if (j + kAhead < end) {
      const std::int64_t ahead = j + kAhead, until = pairs.first[ahead + 1];
      constexpr int kPiece = registers * kWidth;
      fetch(pass.messages + ahead * pass.message_pitch + at, 3, F, kPiece);
      fetch(pass.vectors + ahead * pass.vector_pitch + at, 3, F, kPiece);
      fetch(pass.gradients + ahead * 4 * F + at, 4, F, kPiece);
      for (std::int64_t e = pairs.first[ahead]; e < until && until - e <= kFewPairs; ++e) {
        fetch(pass.gradients + std::int64_t(pairs.other[e]) * 4 * F + at, 4, F, kPiece);
      }
    }
    const std::int64_t last = pairs.first[j + 1];
    for (std::int64_t e = pairs.first[j]; e < last; ++e) {
      const int k = batch.at(e, spline);
      const T* row = table + std::int64_t(pairs.piece[e]) * kRow;
      const T* g_i = pass.gradients + std::int64_t(pairs.other[e]) * 4 * F + at;
      const T ux = -pairs.ux[e], uy = -pairs.uy[e], uz = -pairs.uz[e];
      Vec<T> of_d{}, of_ux{}, of_uy{}, of_uz{};
#pragma GCC unroll 4
      for (int r = 0; r < registers; ++r) {
        const int c = r * kWidth;
        const auto filter = read_filters<T, 3>(row, c, kRow, chunk, spline, k);
        const Vec<T> gs = load(g_i + c);
        const Vec<T> gx = load(g_i + F + c), gy = load(g_i + 2 * F + c), gz = load(g_i + 3 * F + c);
        const Vec<T> u_g = ux * gx + uy * gy + uz * gz;
        const Vec<T> v_g = load(v_j + c) * gx + load(v_j + F + c) * gy + load(v_j + 2 * F + c) * gz;
        g_phi_s[r] += gs * filter.w[kS];
        g_phi_vs[r] += u_g * filter.w[kVs];
        g_phi_vv[r] += v_g * filter.w[kVv];
        const Vec<T> phi_s = load(phi + c), phi_vs = load(phi + F + c);
        const Vec<T> phi_vv = load(phi + 2 * F + c);
        const Vec<T> carried = filter.w[kVv] * phi_vv;
        g_vx[r] += gx * carried;
        g_vy[r] += gy * carried;
        g_vz[r] += gz * carried;
        const Vec<T> along = filter.w[kVs] * -phi_vs;
        of_ux += gx * along;
        of_uy += gy * along;
        of_uz += gz * along;
        of_d += gs * phi_s * filter.slope[kS] + u_g * phi_vs * filter.slope[kVs] +
                v_g * phi_vv * filter.slope[kVv];
      }
      add_sums<T>(of_d, of_ux, of_uy, of_uz, pair_gradients + 4 * (e - pairs.first[begin]));
    }
    T* to_message = message_gradients + (j - begin) * 3 * F + at;
    T* to_state = state_gradients + (j - begin) * 4 * F + at;
    const T* g_j = pass.gradients + j * 4 * F + at;
    for (int r = 0; r < registers; ++r) {
      const int c = r * kWidth;
      store(to_message + c, g_phi_s[r]);
      store(to_message + F + c, g_phi_vs[r]);
      store(to_message + 2 * F + c, g_phi_vv[r]);
      store(to_state + c, load(g_j + c));
      store(to_state + F + c, Vec<T>(g_vx[r] + load(g_j + F + c)));
      store(to_state + 2 * F + c, Vec<T>(g_vy[r] + load(g_j + 2 * F + c)));
      store(to_state + 3 * F + c, Vec<T>(g_vz[r] + load(g_j + 3 * F + c)));
    }
  }
}

// The first layer's adjoint, by receivers, whose messages and vectors have no gradients:
//     dE/dd = sum_F g^s phi^s w'^s + (u.g^v) phi^vs w'^vs,   dE/du = sum_F g^v phi^vs w^vs
template <class T, int registers>
void first_back_piece(const EdgePass<T>& pass, const T* table, std::int64_t at, std::int64_t begin,
                      std::int64_t end, const T* gradients, T* pair_gradients) {
  constexpr int kWidth = Simd<T>::kWidth, kChunk = registers * kWidth, kRow = 2 * kChunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t F = pass.channels;
  SplineWeights<T> spline;
  BlockSplineWeights<T, true> batch(pairs, begin, end, T(pass.table.pieces_per_length));
  for (std::int64_t i = begin; i < end; ++i) {
    const T* g_i = gradients + (i - begin) * 4 * F + at;
    const std::int64_t last = pairs.first[i + 1];
    for (std::int64_t e = pairs.first[i]; e < last; ++e) {
      const int k = batch.at(e, spline);
      const T* row = table + std::int64_t(pairs.piece[e]) * kRow;
      const T* phi = pass.messages + pass.species[pairs.other[e]] * pass.message_pitch + at;
      const T ux = pairs.ux[e], uy = pairs.uy[e], uz = pairs.uz[e];
      Vec<T> of_d{}, of_ux{}, of_uy{}, of_uz{};
#pragma GCC unroll 4
      for (int r = 0; r < registers; ++r) {
        const int c = r * kWidth;
        const auto filter = read_filters<T, 2>(row, c, kRow, kChunk, spline, k);
        const Vec<T> gs = load(g_i + c);
        const Vec<T> gx = load(g_i + F + c), gy = load(g_i + 2 * F + c), gz = load(g_i + 3 * F + c);
        const Vec<T> phi_s = load(phi + c), phi_vs = load(phi + F + c);
        of_d += gs * phi_s * filter.slope[kS] +
                (ux * gx + uy * gy + uz * gz) * phi_vs * filter.slope[kVs];
        const Vec<T> along = filter.w[kVs] * phi_vs;
        of_ux += gx * along;
        of_uy += gy * along;
        of_uz += gz * along;
      }
      add_sums<T>(of_d, of_ux, of_uy, of_uz, pair_gradients + 4 * (e - pairs.first[begin]));
    }
  }
}

template <class T>
void receive(const EdgePass<T>& pass, std::int64_t begin, std::int64_t end, T* out) {
  const std::int64_t rows = pass.table.n_rows * (pass.first_layer ? 2 : 3);
  each_piece<T, kMaxRegisters>(
      pass.channels, rows, [&](auto registers, std::int64_t offset, int, std::int64_t at) {
        constexpr int n = decltype(registers)::value;
        (pass.first_layer
             ? receive_piece<T, n, true>
             : receive_piece<T, n, false>)(pass, pass.table.data + offset, at, begin, end, out);
      });
}

template <class T>
void send_back(const EdgePass<T>& pass, std::int64_t begin, std::int64_t end, T* message_gradients,
               T* state_gradients, T* pair_gradients) {
  each_piece<T, kBackRegisters>(
      pass.channels, 3 * pass.table.n_rows,
      [&](auto registers, std::int64_t offset, auto chunk, std::int64_t at) {
        send_back_piece<T, decltype(registers)::value>(pass, pass.table.data + offset, chunk, at,
                                                       begin, end, message_gradients,
                                                       state_gradients, pair_gradients);
      });
}

template <class T>
void first_back(const EdgePass<T>& pass, std::int64_t begin, std::int64_t end, const T* gradients,
                T* pair_gradients) {
  each_piece<T, kMaxRegisters>(pass.channels, 2 * pass.table.n_rows,
                               [&](auto registers, std::int64_t offset, int, std::int64_t at) {
                                 first_back_piece<T, decltype(registers)::value>(
                                     pass, pass.table.data + offset, at, begin, end, gradients,
                                     pair_gradients);
                               });
}
