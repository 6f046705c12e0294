// SPDX-License-Identifier: MIT
#include "filter_tables.hpp"

#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace ipip::training {

template <class T>
FilterTables<T>::FilterTables(const cpu::Kernels<T>& kernels, RadialFilter shape,
                              std::int64_t channels, double error)
    : kernels_(kernels), channels_(channels), cutoff_(shape.cutoff) {
  const std::size_t n_basis = shape.offsets.size(), columns = n_basis + 1;
  shape.weight.assign(columns * n_basis, 0.0);
  for (std::size_t k = 0; k < n_basis; ++k) shape.weight[k * n_basis + k] = 1.0;
  shape.bias.assign(columns, 0.0);
  shape.bias.back() = 1.0;
  RadialTable table = tabulate(shape, error);
  pieces_ = table.pieces;
  error_ = table.error;
  constexpr auto kType = std::is_same_v<T, float> ? at::kFloat : at::kDouble;
  basis_ = at::from_blob(table.coefficients.data(), {filled(), static_cast<std::int64_t>(columns)},
                         at::kDouble)
               .to(kType, /*non_blocking=*/false, /*copy=*/true);
  coefficients_ = at::zeros({filled(), 3 * channels_}, kType);
}

// Calls f(place in the table, place in [filled, 3 F], length) for each run of channels.
template <class T>
template <class F>
void FilterTables<T>::each_run(int parts, F&& f) const {
  std::int64_t offset = 0;
  for (std::int64_t at = 0; at < channels_;) {
    const int width = kernels_.chunk(channels_, at);
    for (std::int64_t row = 0; row < filled(); ++row) {
      for (int part = 0; part < parts; ++part) {
        f(offset + (row * parts + part) * width, (row * 3 + part) * channels_ + at, width);
      }
    }
    offset += n_rows() * parts * width;
    at += width;
  }
}

template <class T>
void FilterTables<T>::make(const at::Tensor& weight, const at::Tensor& bias, int parts,
                           cpu::Buffer<T>& table) {
  const at::Tensor both = at::cat({weight, bias.unsqueeze(1)}, 1);
  at::mm_out(coefficients_, basis_, both.t());
  clear(parts, table);
  const T* from = coefficients_.template const_data_ptr<T>();
  T* to = table.data();
  each_run(parts, [&](std::int64_t place, std::int64_t row_place, int width) {
    std::copy_n(from + row_place, width, to + place);
  });
}

template <class T>
void FilterTables<T>::clear(int parts, cpu::Buffer<T>& gradient) const {
  gradient.reserve(size(parts));
  std::fill_n(gradient.data(), size(parts), T(0));
}

template <class T>
std::pair<at::Tensor, at::Tensor> FilterTables<T>::back(const cpu::Buffer<T>& gradient, int parts) {
  coefficients_.zero_();
  T* to = coefficients_.template mutable_data_ptr<T>();
  const T* from = gradient.data();
  each_run(parts, [&](std::int64_t place, std::int64_t row_place, int width) {
    std::copy_n(from + place, width, to + row_place);
  });
  const at::Tensor both = at::mm(coefficients_.t(), basis_);
  const std::int64_t n_basis = both.size(1) - 1;
  return {both.narrow(1, 0, n_basis).contiguous(), both.select(1, n_basis).contiguous()};
}

template class FilterTables<float>;
template class FilterTables<double>;

}  // namespace ipip::training
