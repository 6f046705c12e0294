// SPDX-License-Identifier: MIT
// Passes over the first layer's pairs by tables behind its matrices (first_layer.hpp). Included by
// kernels.inc alone, after edges.hpp.
//
// z: species of the sender j; Vv, Uv: v behind the two halves of the mixing matrix; p (`pre`): the
// scalars' share of the argument of the context's SiLU; axis: x, y or z; others as in edges.hpp.

// Parts of a table.
constexpr int kFirstS = 0, kFirstV = 1, kFirstVv = 2, kFirstUv = 3, kFirstPre = 4;
constexpr int kFirstParts = 5;

// s_i = s_z(i) + sum_j s_z(d),   v_i = sum_j u v_z(d),   (Vv)_i = sum_j u (Vv)_z(d),
// (Uv)_i = sum_j u (Uv)_z(d),    p_i = p_z(i) + sum_j p_z(d)
//
// With `mixed_only` nothing but the mixed rows Vv, Uv is made.
template <class T, int registers, int chunk, bool mixed_only>
void first_tables_piece(const FirstPass<T>& pass, const T* tables, std::int64_t at,
                        std::int64_t begin, std::int64_t end, T* states, T* mixed, T* context) {
  constexpr int kWidth = Simd<T>::kWidth;
  constexpr int kFrom = mixed_only ? kFirstVv : 0, kParts = mixed_only ? 2 : kFirstParts;
  constexpr int kRow = kFirstParts * chunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t F = pass.channels;
  SplineWeights<T> spline;
  BlockSplineWeights<T, false> batch(pairs, begin, end, T(0));
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t own = pass.species[i] * F + at;
    Vec<T> s[registers], pre[registers], v[3][registers], Vv[3][registers], Uv[3][registers];
    for (int r = 0; r < registers; ++r) {
      if (!mixed_only) {
        s[r] = load(pass.scalars + own + r * kWidth);
        pre[r] = load(pass.context + own + r * kWidth);
      }
      for (int axis = 0; axis < 3; ++axis) v[axis][r] = Vv[axis][r] = Uv[axis][r] = Vec<T>{};
    }
    const std::int64_t last = pairs.first[i + 1];
    for (std::int64_t e = pairs.first[i]; e < last; ++e) {
      const int k = batch.at(e, spline);
      const T* row = tables + pass.species[pairs.other[e]] * pass.pitch +
                     std::int64_t(pairs.piece[e]) * kRow + kFrom * chunk;
      const T u[3] = {pairs.ux[e], pairs.uy[e], pairs.uz[e]};
#pragma GCC unroll 4
      for (int r = 0; r < registers; ++r) {
        const auto part = read_filters<T, kParts, false>(row, r * kWidth, kRow, chunk, spline, k);
        if constexpr (!mixed_only) {
          s[r] += part.w[kFirstS];
          pre[r] += part.w[kFirstPre];
        }
#pragma GCC unroll 3
        for (int axis = 0; axis < 3; ++axis) {
          if constexpr (!mixed_only) v[axis][r] += u[axis] * part.w[kFirstV];
          Vv[axis][r] += u[axis] * part.w[kFirstVv - kFrom];
          Uv[axis][r] += u[axis] * part.w[kFirstUv - kFrom];
        }
      }
    }
    T* to_mixed = mixed + (i - begin) * 6 * F + at;
    for (int r = 0; r < registers; ++r) {
      const int c = r * kWidth;
      if (!mixed_only) {
        T* state = states + (i - begin) * 4 * F + at;
        store(context + (i - begin) * F + at + c, pre[r]);
        store(state + c, s[r]);
        for (int axis = 0; axis < 3; ++axis) store(state + (1 + axis) * F + c, v[axis][r]);
      }
      for (int axis = 0; axis < 3; ++axis) {
        store(to_mixed + 2 * axis * F + c, Vv[axis][r]);
        store(to_mixed + (2 * axis + 1) * F + c, Uv[axis][r]);
      }
    }
  }
}

// dE/dd = sum_F g^s s'_z + g^p p'_z + (u.g^v) v'_z + (u.g^Vv) (Vv)'_z + (u.g^Uv) (Uv)'_z,
// dE/du = sum_F g^v v_z + g^Vv (Vv)_z + g^Uv (Uv)_z
template <class T, int registers, int chunk>
void first_tables_back_piece(const FirstPass<T>& pass, const T* tables, std::int64_t at,
                             std::int64_t begin, std::int64_t end, const T* states, const T* mixed,
                             const T* context, T* pair_gradients) {
  constexpr int kWidth = Simd<T>::kWidth;
  constexpr int kRow = kFirstParts * chunk;
  const PairRows<T>& pairs = pass.pairs;
  const std::int64_t F = pass.channels;
  SplineWeights<T> spline;
  BlockSplineWeights<T, true> batch(pairs, begin, end, T(pass.pieces_per_length));
  for (std::int64_t i = begin; i < end; ++i) {
    const T* g_state = states + (i - begin) * 4 * F + at;
    const T* g_mixed = mixed + (i - begin) * 6 * F + at;
    const T* g_pre = context + (i - begin) * F + at;
    const std::int64_t last = pairs.first[i + 1];
    for (std::int64_t e = pairs.first[i]; e < last; ++e) {
      const int k = batch.at(e, spline);
      const T* row =
          tables + pass.species[pairs.other[e]] * pass.pitch + std::int64_t(pairs.piece[e]) * kRow;
      const T u[3] = {pairs.ux[e], pairs.uy[e], pairs.uz[e]};
      Vec<T> of_d{}, of_u[3] = {};
#pragma GCC unroll 4
      for (int r = 0; r < registers; ++r) {
        const int c = r * kWidth;
        const auto part = read_filters<T, kFirstParts>(row, c, kRow, chunk, spline, k);
        Vec<T> u_gv{}, u_gVv{}, u_gUv{};
#pragma GCC unroll 3
        for (int axis = 0; axis < 3; ++axis) {
          const Vec<T> gv = load(g_state + (1 + axis) * F + c);
          const Vec<T> gVv = load(g_mixed + 2 * axis * F + c);
          const Vec<T> gUv = load(g_mixed + (2 * axis + 1) * F + c);
          u_gv += u[axis] * gv;
          u_gVv += u[axis] * gVv;
          u_gUv += u[axis] * gUv;
          of_u[axis] += gv * part.w[kFirstV] + gVv * part.w[kFirstVv] + gUv * part.w[kFirstUv];
        }
        of_d += load(g_state + c) * part.slope[kFirstS] + load(g_pre + c) * part.slope[kFirstPre];
        of_d += u_gv * part.slope[kFirstV] + u_gVv * part.slope[kFirstVv] +
                u_gUv * part.slope[kFirstUv];
      }
      add_sums<T>(of_d, of_u[0], of_u[1], of_u[2], pair_gradients + 4 * (e - pairs.first[begin]));
    }
  }
}

template <class T>
void first_tables(const FirstPass<T>& pass, std::int64_t begin, std::int64_t end, T* states,
                  T* mixed, T* context) {
  const std::int64_t rows = kFirstParts * pass.n_rows;
  if (states == nullptr) {
    each_piece<T, kMaxRegisters>(
        pass.channels, rows, [&](auto registers, std::int64_t offset, auto chunk, std::int64_t at) {
          first_tables_piece<T, decltype(registers)::value, decltype(chunk)::value, true>(
              pass, pass.tables + offset, at, begin, end, states, mixed, context);
        });
  } else {
    each_piece<T, kBackRegisters>(
        pass.channels, rows, [&](auto registers, std::int64_t offset, auto chunk, std::int64_t at) {
          first_tables_piece<T, decltype(registers)::value, decltype(chunk)::value, false>(
              pass, pass.tables + offset, at, begin, end, states, mixed, context);
        });
  }
}

template <class T>
void first_tables_back(const FirstPass<T>& pass, std::int64_t begin, std::int64_t end,
                       const T* states, const T* mixed, const T* context, T* pair_gradients) {
  each_piece<T, kMaxRegisters>(
      pass.channels, kFirstParts * pass.n_rows,
      [&](auto registers, std::int64_t offset, auto chunk, std::int64_t at) {
        first_tables_back_piece<T, decltype(registers)::value, decltype(chunk)::value>(
            pass, pass.tables + offset, at, begin, end, states, mixed, context, pair_gradients);
      });
}
