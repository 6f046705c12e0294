// SPDX-License-Identifier: MIT
// Rows of numbers with their tangents, and views of rows as matrices.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/from_blob.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../fused/buffer.hpp"
#include "kernels.hpp"

namespace ipip::training {

/// A matrix [rows, columns] in memory that somebody else owns; `stride` from row to row.
template <class T>
at::Tensor matrix(T* data, std::int64_t rows, std::int64_t columns, std::int64_t stride) {
  constexpr auto kType = std::is_same_v<T, float> ? at::kFloat : at::kDouble;
  return at::from_blob(data, {rows, columns}, {stride, 1}, kType);
}

/// out = (add ? out : 0) + a b.
inline void product(at::Tensor out, const at::Tensor& a, const at::Tensor& b, bool add = false) {
  at::addmm_out(out, out, a, b, add ? 1 : 0, 1);
}

/// [n, width] values and tangents, one after the other. A `gradient` keeps the tangents first:
/// since x pairs with g_dot and x_dot with g, the gradient g_dot^T x + g^T x_dot of a matrix is one
/// product of the stacks.
template <class T, bool gradient = false>
class Twin {
 public:
  void reserve(std::int64_t n, std::int64_t width) {
    n_ = n;
    width_ = width;
    data_.reserve(static_cast<std::size_t>(2 * n * width));
  }
  T* value() { return data_.data() + (gradient ? n_ * width_ : 0); }
  T* dot() { return data_.data() + (gradient ? 0 : n_ * width_); }
  Dual<T> dual() { return {value(), dot()}; }
  std::int64_t width() const { return width_; }
  std::int64_t size() const { return n_ * width_; }

  at::Tensor values(std::int64_t at = 0, std::int64_t width = -1) {
    return part(value(), at, width);
  }
  at::Tensor dots(std::int64_t at = 0, std::int64_t width = -1) { return part(dot(), at, width); }
  /// [2 n, width], in the order in which a value's stack pairs with a gradient's.
  at::Tensor stack(std::int64_t at = 0, std::int64_t width = -1) {
    return matrix(data_.data() + at, 2 * n_, width < 0 ? width_ : width, width_);
  }

 private:
  at::Tensor part(T* data, std::int64_t at, std::int64_t width) {
    return matrix(data + at, n_, width < 0 ? width_ : width, width_);
  }

  std::int64_t n_ = 0;
  std::int64_t width_ = 0;
  fused::Buffer<T> data_;
};

}  // namespace ipip::training
