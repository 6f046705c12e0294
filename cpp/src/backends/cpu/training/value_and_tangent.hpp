// SPDX-License-Identifier: MIT
// Rows of numbers with their tangents.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../inference/buffer.hpp"
#include "kernels.hpp"
#include "matrix.hpp"

namespace ipip::training {

/// [n, width] values and tangents, one after the other. A `gradient` keeps the tangents first:
/// since x pairs with g_dot and x_dot with g, the gradient g_dot^T x + g^T x_dot of a matrix is one
/// product of the stacks.
template <class T, bool gradient = false>
class ValueAndTangent {
 public:
  void reserve(std::int64_t n, std::int64_t width) {
    n_ = n;
    width_ = width;
    data_.reserve(static_cast<std::size_t>(2 * n * width));
  }
  T* value() { return data_.data() + (gradient ? n_ * width_ : 0); }
  T* tangent() { return data_.data() + (gradient ? 0 : n_ * width_); }
  Dual<T> dual() { return {value(), tangent()}; }
  std::int64_t width() const { return width_; }
  std::int64_t size() const { return n_ * width_; }

  /// Rows from column `at` on, as an argument and as a place for a result.
  RowsAt<const T> value_from(std::int64_t at = 0) { return {value() + at, width_}; }
  RowsAt<const T> tangent_from(std::int64_t at = 0) { return {tangent() + at, width_}; }
  RowsAt<T> value_to(std::int64_t at = 0) { return {value() + at, width_}; }
  RowsAt<T> tangent_to(std::int64_t at = 0) { return {tangent() + at, width_}; }
  /// Rows [2 n, width], in the order in which a value's stack pairs with a gradient's.
  const T* stack() const { return data_.data(); }
  std::int64_t stack_rows() const { return 2 * n_; }

 private:
  std::int64_t n_ = 0;
  std::int64_t width_ = 0;
  cpu::Buffer<T> data_;
};

}  // namespace ipip::training
