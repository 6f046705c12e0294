// SPDX-License-Identifier: MIT
// Matrix products of node-wise layers. Included by kernels.inc alone.
//
// The weights are packed once into panels of up to kMaxRegisters registers of columns; a block of
// six rows times a panel stays in registers. No library is called, so nothing is allocated and
// threads need no synchronisation.

constexpr int kRowBlock = 6;

// Registers of columns in the widest panel of `n` columns: 4, 2 or 1.
template <class T>
constexpr int panel_registers(std::int64_t n) {
  int registers = kMaxRegisters;
  while (registers > 1 && n < registers * Simd<T>::kWidth) registers /= 2;
  return registers;
}

template <class T>
int chunk_width(std::int64_t channels, std::int64_t at) {
  return panel_registers<T>(channels - at) * Simd<T>::kWidth;
}

template <class T>
void pack(const T* matrix, int k, int n, T* packed) {
  for (int at = 0; at < n;) {
    const int width = chunk_width<T>(n, at);
    for (int row = 0; row < k; ++row) {
      for (int c = 0; c < width; ++c) *packed++ = matrix[std::int64_t(row) * n + at + c];
    }
    at += width;
  }
}

template <class T, int rows, int registers>
IPIP_INLINE void gemm_block(const T* a, std::int64_t lda, const T* b, const T* bias, T* c,
                            std::int64_t ldc, int k, bool accumulate) {
  constexpr int kWidth = Simd<T>::kWidth;
  Vec<T> sum[rows][registers];
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < registers; ++v) {
      sum[r][v] = bias ? load(bias + v * kWidth) : Vec<T>{};
      if (accumulate) sum[r][v] += load(c + r * ldc + v * kWidth);
    }
  }
  for (int p = 0; p < k; ++p, b += registers * kWidth) {
    Vec<T> column[registers];
#pragma GCC unroll 4
    for (int v = 0; v < registers; ++v) column[v] = load(b + v * kWidth);
#pragma GCC unroll 6
    for (int r = 0; r < rows; ++r) {
      const T value = a[r * lda + p];
#pragma GCC unroll 4
      for (int v = 0; v < registers; ++v) sum[r][v] += value * column[v];
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < registers; ++v) store(c + r * ldc + v * kWidth, sum[r][v]);
  }
}

template <class T, int registers>
void gemm_panel(const T* a, std::int64_t lda, const T* b, const T* bias, T* c, std::int64_t ldc,
                std::int64_t m, int k, bool accumulate) {
  std::int64_t row = 0;
  for (; row + kRowBlock <= m; row += kRowBlock, a += kRowBlock * lda, c += kRowBlock * ldc) {
    gemm_block<T, kRowBlock, registers>(a, lda, b, bias, c, ldc, k, accumulate);
  }
  for (; row + 2 <= m; row += 2, a += 2 * lda, c += 2 * ldc) {
    gemm_block<T, 2, registers>(a, lda, b, bias, c, ldc, k, accumulate);
  }
  if (row < m) gemm_block<T, 1, registers>(a, lda, b, bias, c, ldc, k, accumulate);
}

template <class T>
void gemm(const T* a, std::int64_t lda, const T* packed, const T* bias, T* c, std::int64_t ldc,
          std::int64_t m, int n, int k, bool accumulate) {
  constexpr int kWidth = Simd<T>::kWidth;
  for (int at = 0; at < n;) {
    const int registers = panel_registers<T>(n - at);
    const T* shift = bias ? bias + at : nullptr;
    if constexpr (kMaxRegisters >= 4) {
      if (registers == 4) gemm_panel<T, 4>(a, lda, packed, shift, c + at, ldc, m, k, accumulate);
    }
    if (registers == 2) gemm_panel<T, 2>(a, lda, packed, shift, c + at, ldc, m, k, accumulate);
    if (registers == 1) gemm_panel<T, 1>(a, lda, packed, shift, c + at, ldc, m, k, accumulate);
    packed += std::int64_t(k) * registers * kWidth;
    at += registers * kWidth;
  }
}
