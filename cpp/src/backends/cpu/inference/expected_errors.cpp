// SPDX-License-Identifier: MIT
#include "expected_errors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "model/bias.hpp"
#include "model/prepared.hpp"
#include "packing.hpp"

namespace ipip::cpu {
namespace {

// Several partial sums, since in one sum each addition would wait for the one before.
template <class T>
double squared(const T* y, std::int64_t n) {
  constexpr std::int64_t kSums = 16;
  double sums[kSums] = {};
  std::int64_t c = 0;
  for (; c + kSums <= n; c += kSums) {
    for (std::int64_t k = 0; k < kSums; ++k) sums[k] += double(y[c + k]) * double(y[c + k]);
  }
  for (; c < n; ++c) sums[0] += double(y[c]) * double(y[c]);
  double sum = 0.0;
  for (const double part : sums) sum += part;
  return sum;
}

}  // namespace

template <class T>
ExpectedErrors<T>::ExpectedErrors(const Kernels<T>& kernels, Uncertainty uncertainty)
    : kernels_(kernels),
      uncertainty_(std::move(uncertainty)),
      channels_(padded(uncertainty_.width)) {
  const Side side{{0}, uncertainty_.width};
  for (const Linear& layer : whitening_layers(uncertainty_)) {
    whitening_.push_back(pack_linear(kernels, layer, side, side));
  }
}

template <class T>
void ExpectedErrors<T>::Scratch::reserve(std::int64_t n_rows, std::int64_t channels) {
  for (Buffer<T>* buffer : {&scalars, &gathered, &whitened}) {
    buffer->reserve(static_cast<std::size_t>(n_rows * channels));
  }
  rows.reserve(static_cast<std::size_t>(n_rows));
}

template <class T>
double ExpectedErrors<T>::Scratch::bytes() const {
  return scalars.bytes() + gathered.bytes() + whitened.bytes() +
         static_cast<double>(rows.capacity() * sizeof(std::int64_t));
}

// The atoms of one species after another, each species by its matrix: `take` finds them in
// `scratch.rows`, and their W_z (h - m_z) in `scratch.whitened`.
template <class T>
template <class F>
void ExpectedErrors<T>::each_species(std::int64_t n_rows, const std::int32_t* species,
                                     Scratch& scratch, F&& take) const {
  for (std::int64_t z = 0; z < uncertainty_.n_species; ++z) {
    scratch.rows.clear();
    for (std::int64_t row = 0; row < n_rows; ++row) {
      if (species[row] != z) continue;
      std::copy_n(
          scratch.scalars.data() + row * channels_, channels_,
          scratch.gathered.data() + static_cast<std::int64_t>(scratch.rows.size()) * channels_);
      scratch.rows.push_back(row);
    }
    if (scratch.rows.empty()) continue;
    const PackedLinear<T>& whitening = whitening_[static_cast<std::size_t>(z)];
    kernels_.gemm(scratch.gathered.data(), channels_, whitening.forward.data.data(),
                  whitening.bias.data(), scratch.whitened.data(), channels_,
                  static_cast<std::int64_t>(scratch.rows.size()), whitening.forward.n,
                  whitening.forward.k, false);
    take(z);
  }
}

template <class T>
void ExpectedErrors<T>::evaluate(std::int64_t n_rows, const std::int32_t* species, Scratch& scratch,
                                 double* errors) const {
  each_species(n_rows, species, scratch, [&](std::int64_t z) {
    const T* y = scratch.whitened.data();
    for (const std::int64_t row : scratch.rows) {
      errors[row] = uncertainty_.expected_error(z, std::sqrt(squared(y, channels_)));
      y += channels_;
    }
  });
}

// dV/dh = slope W_z^T y, with y = W_z (h - m_z).
template <class T>
void ExpectedErrors<T>::bias(std::int64_t n_rows, const std::int32_t* species, const Bias& bias,
                             Scratch& scratch, double* energies) const {
  each_species(n_rows, species, scratch, [&](std::int64_t z) {
    T* y = scratch.whitened.data();
    for (const std::int64_t row : scratch.rows) {
      const BiasOfAtom atom = bias_of(bias, squared(y, channels_));
      energies[row] = atom.energy;
      // Where the bias has no slope y may be infinite or NaN, which a product with zero would keep.
      for (std::int64_t c = 0; c < channels_; ++c) {
        y[c] = atom.slope == 0.0 ? T(0) : static_cast<T>(atom.slope * double(y[c]));
      }
      y += channels_;
    }
    const Packed<T>& back = whitening_[static_cast<std::size_t>(z)].backward;
    kernels_.gemm(scratch.whitened.data(), channels_, back.data.data(), nullptr,
                  scratch.gathered.data(), channels_,
                  static_cast<std::int64_t>(scratch.rows.size()), back.n, back.k, false);
    const T* gathered = scratch.gathered.data();
    for (const std::int64_t row : scratch.rows) {
      std::copy_n(gathered, channels_, scratch.scalars.data() + row * channels_);
      gathered += channels_;
    }
  });
}

template class ExpectedErrors<float>;
template class ExpectedErrors<double>;

}  // namespace ipip::cpu
