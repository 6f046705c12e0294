// SPDX-License-Identifier: MIT
// Channels cut into what the registers hold. Included by kernels.inc alone, after gemm.hpp.

// A number that is known when the code is compiled.
template <int n>
struct Count {
  static constexpr int value = n;
  constexpr operator int() const { return n; }
};

// Calls work(registers, offset in the table, width of the table's chunk, first channel) for pieces
// of at most `most` registers of channels; the number of registers and the width are a `Count`. The
// table has `rows` rows for each chunk, the rows of its parts counted separately.
template <class T, int most, class Work>
IPIP_INLINE void each_piece(std::int64_t channels, std::int64_t rows, Work&& work) {
  constexpr int kWidth = Simd<T>::kWidth;
  std::int64_t offset = 0;
  const auto cut = [&](auto registers, std::int64_t at) {
    constexpr int all = decltype(registers)::value, n = all < most ? all : most;
    for (int inside = 0; inside < all * kWidth; inside += n * kWidth) {
      work(Count<n>{}, offset + inside, Count<all * kWidth>{}, at + inside);
    }
  };
  for (std::int64_t at = 0; at < channels;) {
    const int registers = panel_registers<T>(channels - at);
    if constexpr (kMaxRegisters >= 4) {
      if (registers == 4) cut(Count<4>{}, at);
    }
    if (registers == 2) cut(Count<2>{}, at);
    if (registers == 1) cut(Count<1>{}, at);
    offset += rows * registers * kWidth;
    at += registers * kWidth;
  }
}
