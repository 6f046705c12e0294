// SPDX-License-Identifier: MIT
// The weight of a linear layer y = x W^T + b, packed for the kernels' products.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>

#include "../inference/buffer.hpp"
#include "kernels.hpp"

namespace ipip::training {

/// n rows in memory owned elsewhere, `stride` apart.
template <class T>
struct RowsAt {
  T* data;
  std::int64_t stride;
};

template <class T>
class Matrix {
 public:
  /// @param weight  [out, in], both multiples of 16
  void pack(const cpu::Kernels<T>& kernels, const at::Tensor& weight) {
    out_ = static_cast<int>(weight.size(0));
    in_ = static_cast<int>(weight.size(1));
    const auto size = static_cast<std::size_t>(weight.numel());
    forward_.reserve(size);
    backward_.reserve(size);
    const at::Tensor transposed = weight.t().contiguous();
    kernels.pack(transposed.template const_data_ptr<T>(), in_, out_, forward_.data());
    kernels.pack(weight.template const_data_ptr<T>(), out_, in_, backward_.data());
    kernels_ = &kernels;
  }
  /// y = x W^T + bias.
  void forward(RowsAt<const T> x, const T* bias, RowsAt<T> y, std::int64_t n) const {
    kernels_->gemm(x.data, x.stride, forward_.data(), bias, y.data, y.stride, n, out_, in_, false);
  }
  /// y = (add ? y : 0) + g W.
  void backward(RowsAt<const T> g, RowsAt<T> y, std::int64_t n, bool add = false) const {
    kernels_->gemm(g.data, g.stride, backward_.data(), nullptr, y.data, y.stride, n, in_, out_,
                   add);
  }

 private:
  const cpu::Kernels<T>* kernels_ = nullptr;
  int out_ = 0;
  int in_ = 0;
  cpu::Buffer<T> forward_, backward_;
};

}  // namespace ipip::training
