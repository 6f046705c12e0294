// SPDX-License-Identifier: MIT
// Channels cut into what the registers hold. Included by kernels.inc alone, after gemm.hpp.

template <int n>
struct Count {
  static constexpr int value = n;
};

// Calls work(registers, offset in the table, width of the table's chunk, first channel) for pieces
// of at most `most` registers of channels; the number of registers is a `Count`. The table has
// `rows` rows for each chunk, those of its parts counted apart.
template <class T, int most, class Work>
IPIP_INLINE void each_piece(std::int64_t channels, std::int64_t rows, Work&& work) {
  std::int64_t offset = 0;
  for (std::int64_t at = 0; at < channels;) {
    const int width = chunk_width<T>(channels, at);
    const int registers = width / Simd<T>::kWidth < most ? width / Simd<T>::kWidth : most;
    for (int inside = 0; inside < width; inside += registers * Simd<T>::kWidth) {
      if constexpr (most >= 4) {
        if (registers == 4) work(Count<4>{}, offset + inside, width, at + inside);
      }
      if constexpr (most >= 2) {
        if (registers == 2) work(Count<2>{}, offset + inside, width, at + inside);
      }
      if (registers == 1) work(Count<1>{}, offset + inside, width, at + inside);
    }
    offset += rows * width;
    at += width;
  }
}
