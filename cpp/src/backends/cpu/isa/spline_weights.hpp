// SPDX-License-Identifier: MIT
// Weights of spline coefficients at the distances of pairs. Included by kernels.inc alone.

constexpr int kBatch = 64;  // pairs whose spline weights are made at once

// Spline weights of up to kBatch pairs, B_k(t), and their derivatives over the distance.
template <class T>
struct SplineWeights {
  T value[kSplineWeights][kBatch];
  T slope[kSplineWeights][kBatch];
};

// Quintic B-spline on six equidistant nodes.
template <class T, bool slopes>
IPIP_INLINE void make_spline_weights(const T* fraction, int n, T per_length,
                                     SplineWeights<T>& spline) {
  static_assert(kSplineWeights == 6);
  constexpr T u = T(1) / 120;
  const T w = per_length / 24;
  for (int e = 0; e < n; ++e) {
    const T t = fraction[e], r = 1 - t, t2 = t * t;
    spline.value[0][e] = u * r * r * r * r * r;
    spline.value[1][e] = u * (26 + t * (-50 + t * (20 + t * (20 + t * (-20 + 5 * t)))));
    spline.value[2][e] = u * (66 + t2 * (-60 + t2 * (30 - 10 * t)));
    spline.value[3][e] = u * (26 + t * (50 + t * (20 + t * (-20 + t * (-20 + 10 * t)))));
    spline.value[4][e] = u * (1 + t * (5 + t * (10 + t * (10 + t * (5 - 5 * t)))));
    spline.value[5][e] = u * t2 * t2 * t;
    if (!slopes) continue;
    spline.slope[0][e] = -w * r * r * r * r;
    spline.slope[1][e] = w * (-10 + t * (8 + t * (12 + t * (-16 + 5 * t))));
    spline.slope[2][e] = w * t * (-24 + t2 * (24 - 10 * t));
    spline.slope[3][e] = w * (10 + t * (8 + t * (-12 + t * (-16 + 10 * t))));
    spline.slope[4][e] = w * (1 + t * (4 + t * (6 + t * (4 - 5 * t))));
    spline.slope[5][e] = w * t2 * t2;
  }
}

// Spline weights of the pairs of a block of rows, made kBatch pairs at a time whatever rows they
// belong to, since a row may have few.
template <class T, bool slopes>
class BlockSplineWeights {
 public:
  BlockSplineWeights(const PairRows<T>& pairs, std::int64_t begin, std::int64_t end, T per_length)
      : fraction_(pairs.fraction),
        made_(pairs.first[begin]),
        last_(pairs.first[end]),
        per_length_(per_length) {}

  // The place of pair e in a batch; pairs are requested in order.
  IPIP_INLINE int at(std::int64_t e, SplineWeights<T>& spline) {
    if (e >= made_) {
      from_ = e;
      const int n = last_ - e < kBatch ? int(last_ - e) : kBatch;
      make_spline_weights<T, slopes>(fraction_ + e, n, per_length_, spline);
      made_ = e + n;
    }
    return int(e - from_);
  }

 private:
  const T* fraction_;
  std::int64_t made_, last_, from_ = 0;
  T per_length_;
};

// Filters times envelope at the distance of a pair, and their slopes, for one register of channels:
//     w_p = sum_k B_k(t) c_kp,   w'_p = sum_k B'_k(t) c_kp
// with the coefficients c of the pair's piece. What is not used is not computed.
template <class T, int parts>
struct Filters {
  Vec<T> w[parts] = {};
  Vec<T> slope[parts] = {};
};

// row: coefficients of the first part, c: first channel of the register; parts are `chunk` apart,
// basis functions `pitch`; k: place in a batch. Three parts with slopes are written out, and c is
// added last: with a loop over parts, GCC's addresses cost a dense system 2 to 4 % of its time.
template <class T, int parts, bool slopes = true>
IPIP_INLINE Filters<T, parts> read_filters(const T* row, int c, int pitch, int chunk,
                                           const SplineWeights<T>& spline, int k) {
  Filters<T, parts> out;
#pragma GCC unroll 6
  for (int basis = 0; basis < kSplineWeights; ++basis) {
    const T weight = spline.value[basis][k];
    const T* node = row + basis * pitch + c;
    if constexpr (parts == 3 && slopes) {
      const T slope = spline.slope[basis][k];
      const Vec<T> c0 = load(node), c1 = load(node + chunk), c2 = load(node + 2 * chunk);
      out.w[0] += weight * c0;
      out.slope[0] += slope * c0;
      out.w[1] += weight * c1;
      out.slope[1] += slope * c1;
      out.w[2] += weight * c2;
      out.slope[2] += slope * c2;
    } else {
#pragma GCC unroll 5
      for (int p = 0; p < parts; ++p) {
        const Vec<T> coefficient = load(node + p * chunk);
        out.w[p] += weight * coefficient;
        if (slopes) out.slope[p] += spline.slope[basis][k] * coefficient;
      }
    }
  }
  return out;
}
