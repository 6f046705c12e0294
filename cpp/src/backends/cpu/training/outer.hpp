// SPDX-License-Identifier: MIT
// Gradients of matrices. Included by kernels.inc alone, after isa/gemm.hpp.

// w[rows, registers of columns] += g^T x over n rows.
template <class T, int rows, int registers>
IPIP_INLINE void outer_block(const T* g, std::int64_t ldg, const T* x, std::int64_t ldx,
                             std::int64_t n, T* w, std::int64_t ldw) {
  constexpr int kWidth = Simd<T>::kWidth;
  Vec<T> sum[rows][registers];
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < registers; ++v) sum[r][v] = load(w + r * ldw + v * kWidth);
  }
  for (std::int64_t p = 0; p < n; ++p, g += ldg, x += ldx) {
    Vec<T> column[registers];
#pragma GCC unroll 4
    for (int v = 0; v < registers; ++v) column[v] = load(x + v * kWidth);
#pragma GCC unroll 6
    for (int r = 0; r < rows; ++r) {
      const T value = g[r];
#pragma GCC unroll 4
      for (int v = 0; v < registers; ++v) sum[r][v] += value * column[v];
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < registers; ++v) store(w + r * ldw + v * kWidth, sum[r][v]);
  }
}

template <class T, int registers>
void outer_panel(const T* g, std::int64_t ldg, const T* x, std::int64_t ldx, std::int64_t n, T* w,
                 std::int64_t ldw, int m) {
  int row = 0;
  for (; row + kRowBlock <= m; row += kRowBlock) {
    outer_block<T, kRowBlock, registers>(g + row, ldg, x, ldx, n, w + row * ldw, ldw);
  }
  for (; row + 2 <= m; row += 2) {
    outer_block<T, 2, registers>(g + row, ldg, x, ldx, n, w + row * ldw, ldw);
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
      const int registers = panel_registers<T>(k - at);
      const T* x_rows = x + first * ldx + at;
      if constexpr (kMaxRegisters >= 4) {
        if (registers == 4) outer_panel<T, 4>(g_rows, ldg, x_rows, ldx, rows, w + at, k, m);
      }
      if (registers == 2) outer_panel<T, 2>(g_rows, ldg, x_rows, ldx, rows, w + at, k, m);
      if (registers == 1) outer_panel<T, 1>(g_rows, ldg, x_rows, ldx, rows, w + at, k, m);
      at += registers * Simd<T>::kWidth;
    }
  }
}
