// SPDX-License-Identifier: MIT
// Tangents of the pointwise parts of node-wise layers. Included by kernels.inc alone, after
// inference/nodes.hpp.
//
// L, R: halves of the mixed vectors. Rows as in inference/kernels.hpp.

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
  first = sig * (T(1) + z * rest);
  second = sig * rest * (T(2) + z * (rest - sig));
}

template <class T>
void silu_back_tangent(const T* z, const T* z_dot, const T* g, std::int64_t n, T* g_dot) {
  for (std::int64_t k = 0; k < n; k += Simd<T>::kWidth) {
    Vec<T> first, second;
    silu_slopes<T>(load(z + k), first, second);
    store(g_dot + k, Vec<T>(first * load(g_dot + k) + second * load(z_dot + k) * load(g + k)));
  }
}

template <class T>
void norms_tangent(const UpdateRows<T>& rows, const T* after_dot, T* q_dot, T* dot_dot) {
  const std::int64_t F = rows.channels;
  for (std::int64_t n = 0; n < rows.n; ++n) {
    const T* m = rows.mixed.value + n * 6 * F;
    const T* m_dot = rows.mixed.dot + n * 6 * F;
    const T* q = rows.q.value + n * 2 * F;
    T* out = q_dot + n * 2 * F;
    for (std::int64_t c = 0; c < F; c += Simd<T>::kWidth) {
      Vec<T> square{}, product{};
      for (int x = 0; x < 3; ++x) {
        const std::int64_t at = 2 * x * F + c;
        const Vec<T> left = load(m + at), left_dot = load(m_dot + at);
        square += left * left_dot;
        product += left * load(m_dot + at + F) + left_dot * load(m + at + F);
      }
      store(out + c, load(after_dot + n * 4 * F + c));
      store(out + F + c, Vec<T>(square / load(q + F + c)));
      store(dot_dot + n * F + c, product);
    }
  }
}

template <class T>
void update_tangent(const UpdateRows<T>& rows, const T* after_dot, T* next_dot) {
  const std::int64_t F = rows.channels, width = (rows.vectors ? 3 : 2) * F;
  for (std::int64_t n = 0; n < rows.n; ++n) {
    const T* s = after_dot + n * 4 * F;
    const T* right = rows.mixed.value + n * 6 * F + F;
    const T* right_dot = rows.mixed.dot + n * 6 * F + F;
    const T* a = rows.a.value + n * width;
    const T* a_dot = rows.a.dot + n * width;
    T* out = next_dot + n * (rows.vectors ? 4 : 1) * F;
    for (std::int64_t c = 0; c < F; c += Simd<T>::kWidth) {
      store(out + c, Vec<T>(load(s + c) + load(a_dot + c) +
                            load(a_dot + F + c) * load(rows.dot.value + n * F + c) +
                            load(a + F + c) * load(rows.dot.dot + n * F + c)));
      if (!rows.vectors) continue;
      const Vec<T> a_vv = load(a + 2 * F + c), a_vv_dot = load(a_dot + 2 * F + c);
      for (int x = 0; x < 3; ++x) {
        store(out + (1 + x) * F + c,
              Vec<T>(load(s + (1 + x) * F + c) + a_vv_dot * load(right + 2 * x * F + c) +
                     a_vv * load(right_dot + 2 * x * F + c)));
      }
    }
  }
}

template <class T>
void back_a_tangent(const UpdateRows<T>& rows, Dual<T> g, T* a_g_dot) {
  const std::int64_t F = rows.channels, width = (rows.vectors ? 3 : 2) * F;
  for (std::int64_t n = 0; n < rows.n; ++n) {
    const T* right = rows.mixed.value + n * 6 * F + F;
    const T* right_dot = rows.mixed.dot + n * 6 * F + F;
    const T* from = g.value + n * 4 * F;
    const T* from_dot = g.dot + n * 4 * F;
    T* out = a_g_dot + n * width;
    for (std::int64_t c = 0; c < F; c += Simd<T>::kWidth) {
      const Vec<T> gs = load(from + c), gs_dot = load(from_dot + c);
      store(out + c, gs_dot);
      store(out + F + c, Vec<T>(gs_dot * load(rows.dot.value + n * F + c) +
                                gs * load(rows.dot.dot + n * F + c)));
      if (!rows.vectors) continue;
      Vec<T> sum{};
      for (int x = 0; x < 3; ++x) {
        sum += load(from_dot + (1 + x) * F + c) * load(right + 2 * x * F + c) +
               load(from + (1 + x) * F + c) * load(right_dot + 2 * x * F + c);
      }
      store(out + 2 * F + c, sum);
    }
  }
}

template <class T>
void back_mixed_tangent(const UpdateRows<T>& rows, Dual<T> g, Dual<T> q_g, T* after_g_dot,
                        T* mixed_g_dot) {
  const std::int64_t F = rows.channels, width = (rows.vectors ? 3 : 2) * F;
  for (std::int64_t n = 0; n < rows.n; ++n) {
    const T* m = rows.mixed.value + n * 6 * F;
    const T* m_dot = rows.mixed.dot + n * 6 * F;
    const T* a = rows.a.value + n * width;
    const T* a_dot = rows.a.dot + n * width;
    const T* from = g.value + n * 4 * F;
    const T* from_dot = g.dot + n * 4 * F;
    const std::int64_t at_norm = n * 2 * F + F;
    T* after = after_g_dot + n * 4 * F;
    T* out = mixed_g_dot + n * 6 * F;
    for (std::int64_t c = 0; c < F; c += Simd<T>::kWidth) {
      const Vec<T> gs = load(from + c), gs_dot = load(from_dot + c);
      const Vec<T> inverse = T(1) / load(rows.q.value + at_norm + c);
      const Vec<T> per_norm = load(q_g.value + at_norm + c) * inverse;
      const Vec<T> per_norm_dot =
          (load(q_g.dot + at_norm + c) - per_norm * load(rows.q.dot + at_norm + c)) * inverse;
      const Vec<T> a_sv = load(a + F + c);
      const Vec<T> per_dot = gs * a_sv, per_dot_dot = gs_dot * a_sv + gs * load(a_dot + F + c);
      const Vec<T> a_vv = rows.vectors ? load(a + 2 * F + c) : Vec<T>{};
      const Vec<T> a_vv_dot = rows.vectors ? load(a_dot + 2 * F + c) : Vec<T>{};
      for (int x = 0; x < 3; ++x) {
        const std::int64_t at = 2 * x * F + c;
        const Vec<T> left = load(m + at), left_dot = load(m_dot + at);
        const Vec<T> right = load(m + at + F), right_dot = load(m_dot + at + F);
        Vec<T> to_right = per_dot_dot * left + per_dot * left_dot;
        if (rows.vectors) {
          to_right += a_vv * load(from_dot + (1 + x) * F + c);
          to_right += a_vv_dot * load(from + (1 + x) * F + c);
        }
        store(out + at, Vec<T>(per_dot_dot * right + per_dot * right_dot + per_norm_dot * left +
                               per_norm * left_dot));
        store(out + at + F, to_right);
      }
      store(after + c, Vec<T>(load(after + c) + load(q_g.dot + n * 2 * F + c)));
    }
  }
}

template <class T>
void readout_back_tangent(Dual<T> z, const T* w, const T* scale, const T* seed, std::int64_t n,
                          std::int64_t width, T* z_g_dot, T* w_gradient) {
  for (std::int64_t row = 0; row < n; ++row) {
    const T factor = scale[row], weight = seed[row];
    for (std::int64_t c = 0; c < width; c += Simd<T>::kWidth) {
      const std::int64_t at = row * width + c;
      const Vec<T> value = load(z.value + at), dot = load(z.dot + at);
      Vec<T> first, second;
      silu_slopes<T>(value, first, second);
      store(z_g_dot + at, Vec<T>(factor * load(w + c) * (weight * first + second * dot)));
      store(w_gradient + c, Vec<T>(load(w_gradient + c) +
                                   factor * (weight * value * sigmoid<T>(value) + first * dot)));
    }
  }
}
