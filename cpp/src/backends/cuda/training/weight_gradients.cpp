// SPDX-License-Identifier: MIT
// Gradients of weights. For a linear layer y = x W^T + b they are dW = g_dot^T x + g^T x_dot and db
// = sum g_dot over the rows.
#include <algorithm>

#include "painn_training.hpp"

namespace ipip::cuda {
namespace {

constexpr std::int64_t kRowsPerSlice = 64;
constexpr std::int64_t kMostSlices = 64;

int slices_over(std::int64_t n_rows) {
  return static_cast<int>(
      std::clamp<std::int64_t>(blocks_for(n_rows, kRowsPerSlice), 1, kMostSlices));
}

}  // namespace

template <class T>
void PainnTraining<T>::add_slices(int n_slices, std::int64_t count, bool add, Array<T> to,
                                  std::int64_t at) {
  launch(AddSlices<T>{count, n_slices, add, slices_.array(), to, at});
}

// One or two pairs of factors of n rows.
template <class T>
void PainnTraining<T>::outer(const Factors& g, const Factors& x, const PackedLinear& linear,
                             std::int64_t n, bool add) {
  OuterSlices<T> kernel;
  kernel.n_rows = n;
  kernel.n_slices = slices_over(n);
  kernel.m = linear.n_out;
  kernel.k = linear.n_in;
  kernel.n_terms = static_cast<int>(g.size());
  std::copy(g.begin(), g.end(), kernel.g);
  std::copy(x.begin(), x.end(), kernel.x);
  const std::int64_t count = std::int64_t(kernel.m) * kernel.k;
  slices_.resize(kernel.n_slices * count);
  kernel.sums = slices_.array();
  launch(kernel);
  add_slices(kernel.n_slices, count, add, gradients_.array(), linear.gradient);
}

template <class T>
void PainnTraining<T>::gradient_of(const PackedLinear& linear, const Rows& g, const Rows& x) {
  outer({g.tangents(), g.values()}, {x.values(), x.tangents()}, linear, n_, false);
  column_sums(g.tangents(), g.width, n_, gradients_.array(), linear.bias_gradient);
}

// Of what the species send in the first layer: x has no tangent.
template <class T>
void PainnTraining<T>::first_gradient(const PackedLinear& linear, Columns<T> g, Columns<T> x) {
  outer({g}, {x}, linear, n_species_, false);
  column_sums(g, linear.n_out, n_species_, gradients_.array(), linear.bias_gradient);
}

template <class T>
void PainnTraining<T>::column_sums(Columns<T> rows, int width, std::int64_t n, Array<T> to,
                                   std::int64_t at) {
  ColumnSlices<T> kernel;
  kernel.n_rows = n;
  kernel.n_slices = slices_over(n);
  kernel.width = width;
  kernel.rows = rows;
  slices_.resize(std::int64_t(kernel.n_slices) * width);
  kernel.sums = slices_.array();
  launch(kernel);
  add_slices(kernel.n_slices, width, false, to, at);
}

template <class T>
void PainnTraining<T>::species_sums(Columns<T> rows, int width, Array<T> to, std::int64_t at) {
  ColumnSlices<T> kernel;
  kernel.n_rows = n_;
  kernel.n_slices = slices_over(n_);
  kernel.n_kinds = static_cast<int>(n_species_);
  kernel.width = width;
  kernel.kinds = indices_.species.array();
  kernel.rows = rows;
  const std::int64_t count = n_species_ * width;
  slices_.resize(kernel.n_slices * count);
  kernel.sums = slices_.array();
  launch(kernel);
  add_slices(kernel.n_slices, count, false, to, at);
}

// d[W | b] = (M^T dC)^T, a product for each 32 channels.
template <class T>
void PainnTraining<T>::filter_gradient(std::size_t l) {
  const PackedFilter& filter = layout_.layers[l].filter;
  const int width = filter.parts * kLanes;
  for (int chunk = 0; chunk < channels_ / kLanes; ++chunk) {
    PackedLinear place;
    place.n_out = width;
    place.n_in = filter.rows;
    place.gradient = filter.gradient + chunk * filter.size();
    const Columns<T> g{layers_[l].table_gradient.array(), width,
                       std::int64_t(chunk) * table_rows_ * width};
    outer({g}, {{basis_.array(), filter.rows, 0}}, place, table_rows_, false);
  }
}

template void PainnTraining<float>::gradient_of(const PackedLinear&, const Rows&, const Rows&);
template void PainnTraining<double>::gradient_of(const PackedLinear&, const Rows&, const Rows&);
template void PainnTraining<float>::first_gradient(const PackedLinear&, Columns<float>,
                                                   Columns<float>);
template void PainnTraining<double>::first_gradient(const PackedLinear&, Columns<double>,
                                                    Columns<double>);
template void PainnTraining<float>::outer(const Factors&, const Factors&, const PackedLinear&,
                                          std::int64_t, bool);
template void PainnTraining<double>::outer(const Factors&, const Factors&, const PackedLinear&,
                                           std::int64_t, bool);
template void PainnTraining<float>::column_sums(Columns<float>, int, std::int64_t, Array<float>,
                                                std::int64_t);
template void PainnTraining<double>::column_sums(Columns<double>, int, std::int64_t, Array<double>,
                                                 std::int64_t);
template void PainnTraining<float>::species_sums(Columns<float>, int, Array<float>, std::int64_t);
template void PainnTraining<double>::species_sums(Columns<double>, int, Array<double>,
                                                  std::int64_t);
template void PainnTraining<float>::filter_gradient(std::size_t);
template void PainnTraining<double>::filter_gradient(std::size_t);

}  // namespace ipip::cuda
