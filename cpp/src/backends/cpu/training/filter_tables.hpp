// SPDX-License-Identifier: MIT
// Radial filters as splines whose coefficients are linear in the filters' weights.
//
// A filter is w_o(d) = envelope(d) (sum_k W_ok basis_k(d) + b_o). Interpolation is linear, so the
// spline of w has the coefficients C = M [W | b]^T, where the columns of M are the coefficients of
// the splines of envelope basis_k and of the envelope itself: constants of the architecture. The
// adjoint is d[W | b] = (M^T dC)^T. The spline's error is that of M and independent of the weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>

#include "../inference/buffer.hpp"
#include "../inference/kernels.hpp"
#include "model/radial_table.hpp"

namespace ipip::training {

template <class T>
class FilterTables {
 public:
  /// @param kernels   of this processor: they define a table's layout
  /// @param shape     basis, envelope and cutoff; its weights are not used
  /// @param channels  F
  /// @param error     target for the error of M over its largest value and slope
  FilterTables(const cpu::Kernels<T>& kernels, RadialFilter shape, std::int64_t channels,
               double error);

  std::int64_t pieces() const { return pieces_; }
  double error() const { return error_; }

  /// Lays out the table of a filter; `parts` is 2 in the first layer, else 3.
  void make(const at::Tensor& weight, const at::Tensor& bias, int parts, cpu::Buffer<T>& table);
  /// Makes room for a table's gradient and sets it to zero.
  void clear(int parts, cpu::Buffer<T>& gradient) const;
  /// The adjoint of `make`: gradients of weight [3 F, K] and bias [3 F].
  std::pair<at::Tensor, at::Tensor> back(const cpu::Buffer<T>& gradient, int parts);

  cpu::Table<T> view(const cpu::Buffer<T>& table) const {
    return {table.data(), n_rows(), static_cast<double>(pieces_) / cutoff_};
  }

 private:
  std::int64_t filled() const { return pieces_ + kDegree; }
  std::int64_t n_rows() const { return filled() + kSplineWeights; }  // zero rows close it
  std::size_t size(int parts) const {
    return static_cast<std::size_t>(n_rows() * parts * channels_);
  }
  template <class F>
  void each_run(int parts, F&& f) const;

  const cpu::Kernels<T>& kernels_;
  std::int64_t channels_;
  double cutoff_;
  std::int64_t pieces_ = 0;
  double error_ = 0.0;
  at::Tensor basis_;         // [filled, K + 1] M
  at::Tensor coefficients_;  // [filled, 3 F] C or its gradient
};

}  // namespace ipip::training
