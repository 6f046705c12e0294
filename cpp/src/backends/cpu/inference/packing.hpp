// SPDX-License-Identifier: MIT
// Matrices and tables in the order in which the kernels read them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels.hpp"
#include "model/sides.hpp"
#include "packed_weights.hpp"

namespace ipip::cpu {

constexpr std::int64_t kMultiple = 16;  // the same on every processor: ranks exchange rows

inline std::int64_t padded(std::int64_t width) {
  return padded_to<kMultiple>(width);
}

using Side = PaddedSide<kMultiple>;

template <class T>
Packed<T> pack_matrix(const Kernels<T>& kernels, const std::vector<T>& matrix, std::int64_t k,
                      std::int64_t n) {
  Packed<T> out;
  out.k = static_cast<int>(k);
  out.n = static_cast<int>(n);
  out.data.reserve(static_cast<std::size_t>(k * n));
  kernels.pack(matrix.data(), out.k, out.n, out.data.data());
  return out;
}

template <class T>
Buffer<T> zeros(std::int64_t size) {
  Buffer<T> out;
  out.reserve(static_cast<std::size_t>(size));
  std::fill_n(out.data(), size, T(0));
  return out;
}

template <class T>
PackedLinear<T> pack_linear(const Kernels<T>& kernels, const Linear& layer, const Side& out,
                            const Side& in) {
  std::vector<T> forward(static_cast<std::size_t>(in.size() * out.size()));
  std::vector<T> backward(forward.size());
  PackedLinear<T> packed;
  packed.bias = zeros<T>(out.size());
  out.each([&](std::int64_t o, std::int64_t from_o) {
    packed.bias.data()[o] = static_cast<T>(layer.bias[static_cast<std::size_t>(from_o)]);
    in.each([&](std::int64_t i, std::int64_t from_i) {
      const auto w =
          static_cast<T>(layer.weight[static_cast<std::size_t>(from_o * layer.n_in + from_i)]);
      forward[static_cast<std::size_t>(i * out.size() + o)] = w;
      backward[static_cast<std::size_t>(o * in.size() + i)] = w;
    });
  });
  packed.forward = pack_matrix(kernels, forward, in.size(), out.size());
  packed.backward = pack_matrix(kernels, backward, out.size(), in.size());
  return packed;
}

/// Coefficients [rows, parts, channels] in float64 as a table, zeroed before, in the kernels'
/// order: chunks of channels, rows, parts.
template <class T>
void lay_out_table(const Kernels<T>& kernels, const double* coefficients, std::int64_t pitch,
                   std::int64_t rows, int parts, std::int64_t channels, T* out) {
  const std::int64_t wide = padded(channels);
  for (std::int64_t at = 0; at < wide;) {
    const int width = kernels.chunk(wide, at);
    for (std::int64_t row = 0; row < rows; ++row) {
      for (int part = 0; part < parts; ++part) {
        for (std::int64_t c = at; c < std::min<std::int64_t>(at + width, channels); ++c) {
          out[(row * parts + part) * width + c - at] =
              static_cast<T>(coefficients[row * pitch + part * channels + c]);
        }
      }
    }
    out += (rows + kSplineWeights) * parts * width;
    at += width;
  }
}

}  // namespace ipip::cpu
