// SPDX-License-Identifier: MIT
// Pointwise parts of node-wise layers, one pass each. Included by kernels.inc alone.
//
// n: atoms, c: channel, x: axis. Rows as in kernels.hpp.

template <class T>
void silu(const T* z, T* out, std::int64_t n) {
  for (std::int64_t k = 0; k < n; k += Simd<T>::kWidth) {
    const Vec<T> value = load(z + k);
    store(out + k, Vec<T>(value * sigmoid<T>(value)));
  }
}

template <class T>
IPIP_INLINE Vec<T> silu_slope(Vec<T> z) {
  const Vec<T> sig = sigmoid<T>(z);
  return sig * (T(1) + z * (T(1) - sig));
}

template <class T>
void silu_backward(const T* z, T* gradient, std::int64_t n) {
  for (std::int64_t k = 0; k < n; k += Simd<T>::kWidth) {
    store(gradient + k, Vec<T>(load(gradient + k) * silu_slope<T>(load(z + k))));
  }
}

template <class T>
void norms(const T* states, const T* mixed, std::int64_t n, std::int64_t channels, T epsilon, T* q,
           T* dot) {
  for (std::int64_t row = 0; row < n; ++row) {
    const T* m = mixed + row * 6 * channels;
    const T* s = states + row * 4 * channels;
    T* out = q + row * 2 * channels;
    T* products = dot + row * channels;
    for (std::int64_t c = 0; c < channels; c += Simd<T>::kWidth) {
      Vec<T> square = splat(epsilon), product{};
      for (int x = 0; x < 3; ++x) {
        const Vec<T> left = load(m + 2 * x * channels + c);
        square += left * left;
        product += left * load(m + (2 * x + 1) * channels + c);
      }
      store(out + c, load(s + c));
      store(out + channels + c, square_root(square));
      store(products + c, product);
    }
  }
}

template <class T>
void update(const T* states, const T* mixed, const T* a, const T* dot, std::int64_t n,
            std::int64_t channels, T* next_s, std::int64_t pitch_s, T* next_v,
            std::int64_t pitch_v) {
  const bool vectors = next_v != nullptr;
  const std::int64_t width = (vectors ? 3 : 2) * channels;
  for (std::int64_t row = 0; row < n; ++row) {
    const T* s = states + row * 4 * channels;
    const T* m = mixed + row * 6 * channels;
    const T* gain = a + row * width;
    T* out_s = next_s + row * pitch_s;
    T* out_v = vectors ? next_v + row * pitch_v : nullptr;
    for (std::int64_t c = 0; c < channels; c += Simd<T>::kWidth) {
      store(out_s + c, Vec<T>(load(s + c) + load(gain + c) +
                              load(gain + channels + c) * load(dot + row * channels + c)));
      if (!vectors) continue;
      const Vec<T> a_vv = load(gain + 2 * channels + c);
      for (int x = 0; x < 3; ++x) {
        store(out_v + x * channels + c, Vec<T>(load(s + (1 + x) * channels + c) +
                                               a_vv * load(m + (2 * x + 1) * channels + c)));
      }
    }
  }
}

template <class T>
void update_back_a(const T* g, const T* mixed, std::int64_t n, std::int64_t channels, bool vectors,
                   T* ga) {
  const std::int64_t width = (vectors ? 3 : 2) * channels;
  for (std::int64_t row = 0; row < n; ++row) {
    const T* gradient = g + row * 4 * channels;
    const T* m = mixed + row * 6 * channels;
    T* out = ga + row * width;
    for (std::int64_t c = 0; c < channels; c += Simd<T>::kWidth) {
      Vec<T> product{}, along{};
      for (int x = 0; x < 3; ++x) {
        const Vec<T> right = load(m + (2 * x + 1) * channels + c);
        product += load(m + 2 * x * channels + c) * right;
        if (vectors) along += load(gradient + (1 + x) * channels + c) * right;
      }
      const Vec<T> gs = load(gradient + c);
      store(out + c, gs);
      store(out + channels + c, Vec<T>(gs * product));
      if (vectors) store(out + 2 * channels + c, along);
    }
  }
}

template <class T>
void update_back_mixed(const T* a, const T* mixed, const T* gq, std::int64_t n,
                       std::int64_t channels, T epsilon, bool vectors, bool scalars, T* g,
                       T* gmixed) {
  const std::int64_t width = (vectors ? 3 : 2) * channels;
  for (std::int64_t row = 0; row < n; ++row) {
    const T* gain = a + row * width;
    const T* m = mixed + row * 6 * channels;
    const T* from_q = gq + row * 2 * channels;
    T* gradient = g + row * 4 * channels;
    T* out = gmixed + row * 6 * channels;
    for (std::int64_t c = 0; c < channels; c += Simd<T>::kWidth) {
      Vec<T> square = splat(epsilon);
      for (int x = 0; x < 3; ++x) {
        const Vec<T> left = load(m + 2 * x * channels + c);
        square += left * left;
      }
      const Vec<T> gs = load(gradient + c);
      const Vec<T> per_norm = load(from_q + channels + c) / square_root(square);
      const Vec<T> per_dot = gs * load(gain + channels + c);
      const Vec<T> a_vv = vectors ? load(gain + 2 * channels + c) : Vec<T>{};
      for (int x = 0; x < 3; ++x) {
        const Vec<T> left = load(m + 2 * x * channels + c);
        const Vec<T> right = load(m + (2 * x + 1) * channels + c);
        Vec<T> g_right = per_dot * left;
        if (vectors) g_right += a_vv * load(gradient + (1 + x) * channels + c);
        store(out + 2 * x * channels + c, Vec<T>(per_dot * right + per_norm * left));
        store(out + (2 * x + 1) * channels + c, g_right);
      }
      if (scalars) store(gradient + c, Vec<T>(gs + load(from_q + c)));
    }
  }
}

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
