// SPDX-License-Identifier: MIT
// Registers of one instruction set, by the compiler's vector extension. Included by kernels.inc
// alone, inside the namespace of that instruction set.
//
// No function of the standard library is used here or in the kernels: the linker keeps one copy of
// an inline function, and it must not be the one that only newer processors run.

template <class T>
struct Simd {
  static constexpr int kWidth = IPIP_VECTOR_BYTES / static_cast<int>(sizeof(T));
  typedef T Vector __attribute__((vector_size(IPIP_VECTOR_BYTES)));
  typedef T Unaligned
      __attribute__((vector_size(IPIP_VECTOR_BYTES), aligned(sizeof(T)), may_alias));
};

template <class T>
using Vec = typename Simd<T>::Vector;

#define IPIP_INLINE inline __attribute__((always_inline))

template <class T>
IPIP_INLINE Vec<T> load(const T* p) {
  return *reinterpret_cast<const typename Simd<T>::Unaligned*>(p);
}

template <class T>
IPIP_INLINE void store(T* p, Vec<T> v) {
  *reinterpret_cast<typename Simd<T>::Unaligned*>(p) = v;
}

template <class T>
IPIP_INLINE Vec<T> splat(T value) {
  return value - Vec<T>{};
}

// e^x to rounding; x is clamped to where the result is finite and normal. A NaN stays one.
IPIP_INLINE Vec<float> exponential(Vec<float> x) {
  typedef std::int32_t Bits __attribute__((vector_size(IPIP_VECTOR_BYTES)));
  const Vec<float> low = splat(-87.0f), high = splat(88.0f);
  x = x < low ? low : x;
  x = x > high ? high : x;
  const Vec<float> magic = splat(12582912.0f);  // 1.5 * 2^23: the sum's low bits are the integer
  const Vec<float> shifted = x * 1.44269504088896341f + magic;
  const Vec<float> n = shifted - magic;
  Vec<float> r = x - n * 0.693145751953125f;
  r = r - n * 1.42860682030941723e-6f;
  Vec<float> p = splat(1.0f / 5040.0f);
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const Bits power = (reinterpret_cast<Bits>(shifted) + 127) << 23;
  return p * reinterpret_cast<Vec<float>>(power);
}

IPIP_INLINE Vec<double> exponential(Vec<double> x) {
  typedef std::int64_t Bits __attribute__((vector_size(IPIP_VECTOR_BYTES)));
  const Vec<double> low = splat(-708.0), high = splat(709.0);
  x = x < low ? low : x;
  x = x > high ? high : x;
  const Vec<double> magic = splat(6755399441055744.0);  // 1.5 * 2^52
  const Vec<double> shifted = x * 1.4426950408889634074 + magic;
  const Vec<double> n = shifted - magic;
  Vec<double> r = x - n * 6.93147180369123816490e-01;
  r = r - n * 1.90821492927058770002e-10;
  Vec<double> p = splat(1.0 / 6227020800.0);
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const Bits power = (reinterpret_cast<Bits>(shifted) + 1023) << 52;
  return p * reinterpret_cast<Vec<double>>(power);
}

template <class T>
IPIP_INLINE Vec<T> sigmoid(Vec<T> z) {
  return T(1) / (T(1) + exponential(-z));
}

IPIP_INLINE Vec<float> square_root(Vec<float> x) {
  Vec<float> y;
  for (int k = 0; k < Simd<float>::kWidth; ++k) y[k] = __builtin_sqrtf(x[k]);
  return y;
}

IPIP_INLINE Vec<double> square_root(Vec<double> x) {
  Vec<double> y;
  for (int k = 0; k < Simd<double>::kWidth; ++k) y[k] = __builtin_sqrt(x[k]);
  return y;
}

// Lanes of a vector added up until four are left.
template <class T, int width>
struct Fold {
  typedef T Half __attribute__((vector_size(width / 2 * sizeof(T))));
  template <class V>
  static IPIP_INLINE auto four(V v) {
    Half low, high;
    __builtin_memcpy(&low, &v, sizeof low);
    __builtin_memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof low, sizeof high);
    return Fold<T, width / 2>::four(Half(low + high));
  }
};

template <class T>
struct Fold<T, 4> {
  template <class V>
  static IPIP_INLINE V four(V v) {
    return v;
  }
};

// out[0..3] += sums over the lanes of a, b, c, d.
template <class T>
IPIP_INLINE void add_sums(Vec<T> a, Vec<T> b, Vec<T> c, Vec<T> d, T* out) {
  constexpr int kWidth = Simd<T>::kWidth;
  if constexpr (kWidth < 4) {
    for (int k = 0; k < kWidth; ++k) {
      out[0] += a[k];
      out[1] += b[k];
      out[2] += c[k];
      out[3] += d[k];
    }
  } else {
    typedef T Four __attribute__((vector_size(4 * sizeof(T))));
    typedef T Loose __attribute__((vector_size(4 * sizeof(T)), aligned(sizeof(T)), may_alias));
    const Four a4 = Fold<T, kWidth>::four(a), b4 = Fold<T, kWidth>::four(b);
    const Four c4 = Fold<T, kWidth>::four(c), d4 = Fold<T, kWidth>::four(d);
    const Four ab =
        __builtin_shufflevector(a4, b4, 0, 4, 1, 5) + __builtin_shufflevector(a4, b4, 2, 6, 3, 7);
    const Four cd =
        __builtin_shufflevector(c4, d4, 0, 4, 1, 5) + __builtin_shufflevector(c4, d4, 2, 6, 3, 7);
    const Four sums =
        __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    Loose& target = *reinterpret_cast<Loose*>(out);
    target = target + sums;
  }
}
