// SPDX-License-Identifier: MIT
// Tangents of the pointwise parts of node-wise layers. Included by kernels.inc alone, after
// inference/nodes.hpp.
//
// n: atom, c: channel, axis: x, y or z; Vv, Uv: mixed vectors. Rows and letters as in kernels.hpp.

// h_dot = SiLU'(z) z_dot
template <class T>
void silu_tangent(const T* z, const T* z_dot, std::int64_t n, T* h_dot) {
  for (std::int64_t k = 0; k < n; k += Simd<T>::kWidth) {
    store(h_dot + k, Vec<T>(silu_slope<T>(load(z + k)) * load(z_dot + k)));
  }
}

// SiLU' and SiLU''.
template <class T>
IPIP_INLINE void silu_slopes(Vec<T> z, Vec<T>& first, Vec<T>& second) {
  const Vec<T> sig = sigmoid<T>(z), rest = T(1) - sig;
  first = silu_slope<T>(z, sig);
  second = sig * rest * (T(2) + z * (rest - sig));
}

// g(z)_dot = SiLU'(z) g(h)_dot + SiLU''(z) z_dot g(h)
template <class T>
void silu_back_tangent(const T* z, const T* z_dot, const T* g, std::int64_t n, T* g_dot) {
  for (std::int64_t k = 0; k < n; k += Simd<T>::kWidth) {
    Vec<T> first, second;
    silu_slopes<T>(load(z + k), first, second);
    store(g_dot + k, Vec<T>(first * load(g_dot + k) + second * load(z_dot + k) * load(g + k)));
  }
}

// q_dot = (s_dot, <Vv, Vv_dot> / |Vv|),   product_dot = <Vv, Uv_dot> + <Vv_dot, Uv>
template <class T>
void norms_tangent(const UpdateRows<T>& rows, const T* after_dot, T* q_dot, T* product_dot) {
  const std::int64_t F = rows.channels;
  for (std::int64_t n = 0; n < rows.n; ++n) {
    const T* m = rows.mixed.value + n * 6 * F;
    const T* m_dot = rows.mixed.tangent + n * 6 * F;
    const T* norm = rows.q.value + n * 2 * F + F;
    T* out = q_dot + n * 2 * F;
    for (std::int64_t c = 0; c < F; c += Simd<T>::kWidth) {
      Vec<T> square{}, product{};
      for (int axis = 0; axis < 3; ++axis) {
        const Vec<T> Vv = load_Vv(m, axis, F, c), Vv_dot = load_Vv(m_dot, axis, F, c);
        square += Vv * Vv_dot;
        product += Vv * load_Uv(m_dot, axis, F, c) + Vv_dot * load_Uv(m, axis, F, c);
      }
      store(out + c, load(after_dot + n * 4 * F + c));
      store(out + F + c, Vec<T>(square / load(norm + c)));
      store(product_dot + n * F + c, product);
    }
  }
}

// s_dot += a^ss_dot + a^sv_dot <Uv, Vv> + a^sv <Uv, Vv>_dot,   v_dot += a^vv_dot Uv + a^vv Uv_dot
template <class T>
void update_tangent(const UpdateRows<T>& rows, const T* after_dot, T* next_dot) {
  const std::int64_t F = rows.channels, width = (rows.vectors ? 3 : 2) * F;
  for (std::int64_t n = 0; n < rows.n; ++n) {
    const T* s_dot = after_dot + n * 4 * F;
    const T* v_dot = s_dot + F;
    const T* m = rows.mixed.value + n * 6 * F;
    const T* m_dot = rows.mixed.tangent + n * 6 * F;
    const T* a = rows.a.value + n * width;
    const T* a_dot = rows.a.tangent + n * width;
    T* out = next_dot + n * (rows.vectors ? 4 : 1) * F;
    for (std::int64_t c = 0; c < F; c += Simd<T>::kWidth) {
      store(out + c, Vec<T>(load(s_dot + c) + load(a_dot + c) +
                            load(a_dot + F + c) * load(rows.product.value + n * F + c) +
                            load(a + F + c) * load(rows.product.tangent + n * F + c)));
      if (!rows.vectors) continue;
      const Vec<T> a_vv = load(a + 2 * F + c), a_vv_dot = load(a_dot + 2 * F + c);
      for (int axis = 0; axis < 3; ++axis) {
        store(out + (1 + axis) * F + c,
              Vec<T>(load(v_dot + axis * F + c) + a_vv_dot * load_Uv(m, axis, F, c) +
                     a_vv * load_Uv(m_dot, axis, F, c)));
      }
    }
  }
}

// g(a^ss)_dot = g^s_dot,   g(a^sv)_dot = g^s_dot <Uv, Vv> + g^s <Uv, Vv>_dot,
// g(a^vv)_dot = <g^v_dot, Uv> + <g^v, Uv_dot>
template <class T>
void back_a_tangent(const UpdateRows<T>& rows, Dual<T> g, T* a_g_dot) {
  const std::int64_t F = rows.channels, width = (rows.vectors ? 3 : 2) * F;
  for (std::int64_t n = 0; n < rows.n; ++n) {
    const T* m = rows.mixed.value + n * 6 * F;
    const T* m_dot = rows.mixed.tangent + n * 6 * F;
    const T* g_s = g.value + n * 4 * F;
    const T* g_s_dot = g.tangent + n * 4 * F;
    T* out = a_g_dot + n * width;
    for (std::int64_t c = 0; c < F; c += Simd<T>::kWidth) {
      const Vec<T> gs = load(g_s + c), gs_dot = load(g_s_dot + c);
      store(out + c, gs_dot);
      store(out + F + c, Vec<T>(gs_dot * load(rows.product.value + n * F + c) +
                                gs * load(rows.product.tangent + n * F + c)));
      if (!rows.vectors) continue;
      Vec<T> sum{};
      for (int axis = 0; axis < 3; ++axis) {
        sum += load(g_s_dot + (1 + axis) * F + c) * load_Uv(m, axis, F, c) +
               load(g_s + (1 + axis) * F + c) * load_Uv(m_dot, axis, F, c);
      }
      store(out + 2 * F + c, sum);
    }
  }
}

// The tangent of `update_back_mixed`, with per_product = g^s a^sv and
// per_norm = g(|Vv|) / |Vv|:
//     g(Vv)_dot = per_product_dot Uv + per_product Uv_dot + per_norm_dot Vv + per_norm Vv_dot,
//     g(Uv)_dot = per_product_dot Vv + per_product Vv_dot + a^vv g^v_dot + a^vv_dot g^v,
//     per_norm_dot = (g(|Vv|)_dot - per_norm |Vv|_dot) / |Vv|,   g^s_dot += g(q)^s_dot
template <class T>
void back_mixed_tangent(const UpdateRows<T>& rows, Dual<T> g, Dual<T> q_g, T* after_g_dot,
                        T* mixed_g_dot) {
  const std::int64_t F = rows.channels, width = (rows.vectors ? 3 : 2) * F;
  for (std::int64_t n = 0; n < rows.n; ++n) {
    const T* m = rows.mixed.value + n * 6 * F;
    const T* m_dot = rows.mixed.tangent + n * 6 * F;
    const T* a = rows.a.value + n * width;
    const T* a_dot = rows.a.tangent + n * width;
    const T* g_s = g.value + n * 4 * F;
    const T* g_s_dot = g.tangent + n * 4 * F;
    const std::int64_t at_norm = n * 2 * F + F;
    T* after = after_g_dot + n * 4 * F;
    T* out = mixed_g_dot + n * 6 * F;
    for (std::int64_t c = 0; c < F; c += Simd<T>::kWidth) {
      const Vec<T> gs = load(g_s + c), gs_dot = load(g_s_dot + c);
      const Vec<T> inverse = T(1) / load(rows.q.value + at_norm + c);
      const Vec<T> per_norm = load(q_g.value + at_norm + c) * inverse;
      const Vec<T> per_norm_dot =
          (load(q_g.tangent + at_norm + c) - per_norm * load(rows.q.tangent + at_norm + c)) *
          inverse;
      const Vec<T> a_sv = load(a + F + c);
      const Vec<T> per_product = gs * a_sv,
                   per_product_dot = gs_dot * a_sv + gs * load(a_dot + F + c);
      const Vec<T> a_vv = rows.vectors ? load(a + 2 * F + c) : Vec<T>{};
      const Vec<T> a_vv_dot = rows.vectors ? load(a_dot + 2 * F + c) : Vec<T>{};
      for (int axis = 0; axis < 3; ++axis) {
        const Vec<T> Vv = load_Vv(m, axis, F, c), Vv_dot = load_Vv(m_dot, axis, F, c);
        const Vec<T> Uv = load_Uv(m, axis, F, c), Uv_dot = load_Uv(m_dot, axis, F, c);
        Vec<T> g_Uv_dot = per_product_dot * Vv + per_product * Vv_dot;
        if (rows.vectors) {
          g_Uv_dot += a_vv * load(g_s_dot + (1 + axis) * F + c);
          g_Uv_dot += a_vv_dot * load(g_s + (1 + axis) * F + c);
        }
        store(out + 2 * axis * F + c, Vec<T>(per_product_dot * Uv + per_product * Uv_dot +
                                             per_norm_dot * Vv + per_norm * Vv_dot));
        store(out + (2 * axis + 1) * F + c, g_Uv_dot);
      }
      store(after + c, Vec<T>(load(after + c) + load(q_g.tangent + n * 2 * F + c)));
    }
  }
}

// With E = scale sum_c w_c SiLU(z_c), weighed by `seed` in the loss:
//     g(z)_dot = scale w (seed SiLU'(z) + SiLU''(z) z_dot),
//     g(w) += scale (seed SiLU(z) + SiLU'(z) z_dot)
template <class T>
void readout_back_tangent(Dual<T> z, const T* w, const T* scale, const T* seed, std::int64_t n,
                          std::int64_t width, T* z_g_dot, T* w_gradient) {
  for (std::int64_t row = 0; row < n; ++row) {
    const T factor = scale[row], weight = seed[row];
    for (std::int64_t c = 0; c < width; c += Simd<T>::kWidth) {
      const std::int64_t at = row * width + c;
      const Vec<T> value = load(z.value + at), z_dot = load(z.tangent + at);
      Vec<T> first, second;
      silu_slopes<T>(value, first, second);
      store(z_g_dot + at, Vec<T>(factor * load(w + c) * (weight * first + second * z_dot)));
      store(w_gradient + c, Vec<T>(load(w_gradient + c) +
                                   factor * (weight * value * sigmoid<T>(value) + first * z_dot)));
    }
  }
}
