// SPDX-License-Identifier: MIT
// Pointwise parts of node-wise layers, one pass each. Included by kernels.inc alone.
//
// n: atoms, c: channel, axis: x, y or z; Vv, Uv: mixed vectors. Rows and letters as in kernels.hpp.

// h = SiLU(z) = z / (1 + e^-z)
template <class T>
void silu(const T* z, T* out, std::int64_t n) {
  for (std::int64_t k = 0; k < n; k += Simd<T>::kWidth) {
    const Vec<T> value = load(z + k);
    store(out + k, Vec<T>(value * sigmoid<T>(value)));
  }
}

// SiLU'(z), with sig = 1 / (1 + e^-z)
template <class T>
IPIP_INLINE Vec<T> silu_slope(Vec<T> z, Vec<T> sig) {
  return sig * (T(1) + z * (T(1) - sig));
}
template <class T>
IPIP_INLINE Vec<T> silu_slope(Vec<T> z) {
  return silu_slope<T>(z, sigmoid<T>(z));
}

// g(z) = SiLU'(z) g(h)
template <class T>
void silu_backward(const T* z, T* gradient, std::int64_t n) {
  for (std::int64_t k = 0; k < n; k += Simd<T>::kWidth) {
    store(gradient + k, Vec<T>(load(gradient + k) * silu_slope<T>(load(z + k))));
  }
}

// Mixed vectors of one axis, from the first number of an atom's mixed row.
template <class T>
IPIP_INLINE Vec<T> load_Vv(const T* row, int axis, std::int64_t channels, std::int64_t c) {
  return load(row + 2 * axis * channels + c);
}
template <class T>
IPIP_INLINE Vec<T> load_Uv(const T* row, int axis, std::int64_t channels, std::int64_t c) {
  return load(row + (2 * axis + 1) * channels + c);
}

// q = (s, sqrt(|Vv|^2 + epsilon)),   product = <Uv, Vv>
template <class T>
void norms(const T* states, const T* mixed, std::int64_t n, std::int64_t channels, T epsilon, T* q,
           T* product) {
  for (std::int64_t row = 0; row < n; ++row) {
    const T* m = mixed + row * 6 * channels;
    const T* s = states + row * 4 * channels;
    T* out = q + row * 2 * channels;
    for (std::int64_t c = 0; c < channels; c += Simd<T>::kWidth) {
      Vec<T> square = splat(epsilon), sum{};
      for (int axis = 0; axis < 3; ++axis) {
        const Vec<T> Vv = load_Vv(m, axis, channels, c);
        square += Vv * Vv;
        sum += Vv * load_Uv(m, axis, channels, c);
      }
      store(out + c, load(s + c));
      store(out + channels + c, square_root(square));
      store(product + row * channels + c, sum);
    }
  }
}

// s += a^ss + a^sv <Uv, Vv>,   v += a^vv Uv
template <class T>
void update(const T* states, const T* mixed, const T* a, const T* product, std::int64_t n,
            std::int64_t channels, T* next_s, std::int64_t pitch_s, T* next_v,
            std::int64_t pitch_v) {
  const bool vectors = next_v != nullptr;
  const std::int64_t width = (vectors ? 3 : 2) * channels;
  for (std::int64_t row = 0; row < n; ++row) {
    const T* s = states + row * 4 * channels;
    const T* v = s + channels;
    const T* m = mixed + row * 6 * channels;
    const T* a_ss = a + row * width;
    const T* a_sv = a_ss + channels;
    T* out_s = next_s + row * pitch_s;
    T* out_v = vectors ? next_v + row * pitch_v : nullptr;
    for (std::int64_t c = 0; c < channels; c += Simd<T>::kWidth) {
      store(out_s + c, Vec<T>(load(s + c) + load(a_ss + c) +
                              load(a_sv + c) * load(product + row * channels + c)));
      if (!vectors) continue;
      const Vec<T> a_vv = load(a_sv + channels + c);
      for (int axis = 0; axis < 3; ++axis) {
        store(out_v + axis * channels + c,
              Vec<T>(load(v + axis * channels + c) + a_vv * load_Uv(m, axis, channels, c)));
      }
    }
  }
}

// g(a^ss) = g^s,   g(a^sv) = g^s <Uv, Vv>,   g(a^vv) = <g^v, Uv>
template <class T>
void update_back_a(const T* g, const T* mixed, std::int64_t n, std::int64_t channels, bool vectors,
                   T* ga) {
  const std::int64_t width = (vectors ? 3 : 2) * channels;
  for (std::int64_t row = 0; row < n; ++row) {
    const T* g_s = g + row * 4 * channels;
    const T* g_v = g_s + channels;
    const T* m = mixed + row * 6 * channels;
    T* out = ga + row * width;
    for (std::int64_t c = 0; c < channels; c += Simd<T>::kWidth) {
      Vec<T> product{}, g_Uv{};
      for (int axis = 0; axis < 3; ++axis) {
        const Vec<T> Uv = load_Uv(m, axis, channels, c);
        product += load_Vv(m, axis, channels, c) * Uv;
        if (vectors) g_Uv += load(g_v + axis * channels + c) * Uv;
      }
      const Vec<T> gs = load(g_s + c);
      store(out + c, gs);
      store(out + channels + c, Vec<T>(gs * product));
      if (vectors) store(out + 2 * channels + c, g_Uv);
    }
  }
}

// g(Vv) = g^s a^sv Uv + g(|Vv|) Vv / |Vv|,   g(Uv) = g^s a^sv Vv + a^vv g^v,   g^s += g(q)^s
template <class T>
void update_back_mixed(const T* a, const T* mixed, const T* gq, std::int64_t n,
                       std::int64_t channels, T epsilon, bool vectors, bool scalars, T* g,
                       T* gmixed) {
  const std::int64_t width = (vectors ? 3 : 2) * channels;
  for (std::int64_t row = 0; row < n; ++row) {
    const T* a_sv = a + row * width + channels;
    const T* m = mixed + row * 6 * channels;
    const T* g_q = gq + row * 2 * channels;
    T* g_s = g + row * 4 * channels;
    const T* g_v = g_s + channels;
    T* out = gmixed + row * 6 * channels;
    for (std::int64_t c = 0; c < channels; c += Simd<T>::kWidth) {
      Vec<T> square = splat(epsilon);
      for (int axis = 0; axis < 3; ++axis) {
        const Vec<T> Vv = load_Vv(m, axis, channels, c);
        square += Vv * Vv;
      }
      const Vec<T> gs = load(g_s + c);
      const Vec<T> per_norm = load(g_q + channels + c) / square_root(square);
      const Vec<T> per_product = gs * load(a_sv + c);
      const Vec<T> a_vv = vectors ? load(a_sv + channels + c) : Vec<T>{};
      for (int axis = 0; axis < 3; ++axis) {
        const Vec<T> Vv = load_Vv(m, axis, channels, c), Uv = load_Uv(m, axis, channels, c);
        Vec<T> g_Uv = per_product * Vv;
        if (vectors) g_Uv += a_vv * load(g_v + axis * channels + c);
        store(out + 2 * axis * channels + c, Vec<T>(per_product * Uv + per_norm * Vv));
        store(out + (2 * axis + 1) * channels + c, g_Uv);
      }
      if (scalars) store(g_s + c, Vec<T>(gs + load(g_q + c)));
    }
  }
}

// E = sum_c w_c SiLU(z_c),   g(z_c) = scale w_c SiLU'(z_c)
template <class T>
void readout(T* z, const T* w, const T* scale, std::int64_t n, std::int64_t width,
             double* energies) {
  for (std::int64_t row = 0; row < n; ++row, z += width) {
    double energy = 0.0;
    for (std::int64_t c = 0; c < width; c += Simd<T>::kWidth) {
      const Vec<T> value = load(z + c), weight = load(w + c);
      const Vec<T> term = value * sigmoid<T>(value) * weight;
      for (int k = 0; k < Simd<T>::kWidth; ++k) energy += double(term[k]);
      store(z + c, Vec<T>(scale[row] * weight * silu_slope<T>(value)));
    }
    energies[row] = energy;
  }
}
