// SPDX-License-Identifier: MIT
// Gradients of matrices. Included by kernels.inc alone, after isa/gemm.hpp.

// w[rows, vectors of columns] += g^T x over n rows.
template <class T, int rows, int vectors>
IPIP_INLINE void outer_block(const T* g, std::int64_t ldg, const T* x, std::int64_t ldx,
                             std::int64_t n, T* w, std::int64_t ldw) {
  constexpr int kWidth = Simd<T>::kWidth;
  Vec<T> sum[rows][vectors];
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) sum[r][v] = load(w + r * ldw + v * kWidth);
  }
  for (std::int64_t p = 0; p < n; ++p, g += ldg, x += ldx) {
    Vec<T> column[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) column[v] = load(x + v * kWidth);
#pragma GCC unroll 6
    for (int r = 0; r < rows; ++r) {
      const T value = g[r];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] += value * column[v];
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) store(w + r * ldw + v * kWidth, sum[r][v]);
  }
}

template <class T, int vectors>
void outer_panel(const T* g, std::int64_t ldg, const T* x, std::int64_t ldx, std::int64_t n, T* w,
                 std::int64_t ldw, int m) {
  int row = 0;
  for (; row + kRowBlock <= m; row += kRowBlock) {
    outer_block<T, kRowBlock, vectors>(g + row, ldg, x, ldx, n, w + row * ldw, ldw);
  }
  for (; row + 2 <= m; row += 2) {
    outer_block<T, 2, vectors>(g + row, ldg, x, ldx, n, w + row * ldw, ldw);
  }
}

// w[m, k] += g[n, m]^T x[n, k] with m even and k a multiple of 16; a slice of rows stays in L1.
template <class T>
void outer(const T* g, std::int64_t ldg, const T* x, std::int64_t ldx, std::int64_t n, T* w, int m,
           int k) {
  constexpr std::int64_t kSlice = 64;
  for (std::int64_t first = 0; first < n; first += kSlice) {
    const std::int64_t rows = n - first < kSlice ? n - first : kSlice;
    const T* g_rows = g + first * ldg;
    for (int at = 0; at < k;) {
      const int vectors = panel_vectors<T>(k - at);
      const T* x_rows = x + first * ldx + at;
      if constexpr (kMaxVectors >= 4) {
        if (vectors == 4) outer_panel<T, 4>(g_rows, ldg, x_rows, ldx, rows, w + at, k, m);
      }
      if (vectors == 2) outer_panel<T, 2>(g_rows, ldg, x_rows, ldx, rows, w + at, k, m);
      if (vectors == 1) outer_panel<T, 1>(g_rows, ldg, x_rows, ldx, rows, w + at, k, m);
      at += vectors * Simd<T>::kWidth;
    }
  }
}
