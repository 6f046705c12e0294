// SPDX-License-Identifier: MIT
// Where the kernels keep the weights of a training: widths are padded to multiples of 32 by zeros,
// and each matrix is stored in both orientations.
#pragma once

#include <cstdint>
#include <vector>

#include "device_training.hpp"

namespace ipip::cuda {

/// Places of a linear layer y = x W^T + b among the packed weights, and of its gradient among the
/// packed gradients.
struct PackedLinear {
  int n_in = 0, n_out = 0;          ///< padded
  std::int64_t forward = 0;         ///< [in, out]
  std::int64_t turned = 0;          ///< [out, in]
  std::int64_t bias = -1;           ///< [out], negative: none
  std::int64_t gradient = 0;        ///< [out, in]
  std::int64_t bias_gradient = -1;  ///< [out]
};

/// A filter as one matrix [K + 1, parts 32] for each 32 channels, whose last row is the bias; its
/// gradient is transposed.
struct PackedFilter {
  int parts = 0, rows = 0;  ///< `rows` is K + 1, padded to a multiple of 4
  std::int64_t forward = 0, gradient = 0;
  std::int64_t size() const { return std::int64_t(rows) * parts * 32; }  ///< of 32 channels
};

struct PackedLayer {
  PackedFilter filter;
  PackedLinear message[2], mix, context[2];
};

struct WeightLayout {
  explicit WeightLayout(const TrainingShape& shape);

  std::int64_t n_weights = 0;     ///< of the caller
  std::vector<int> packed;        ///< index of each packed weight among the given ones, or -1
  std::vector<int> unpacked;      ///< index of the gradient of each given weight, or -1
  std::int64_t n_gradients = 0;   ///< packed
  int channels = 0, readout = 0;  ///< padded

  // The embedding [n_species, channels] is at 0, and so is its gradient.
  std::vector<PackedLayer> layers;
  PackedLinear readout_layer;
  std::int64_t head = 0, head_bias = 0;  ///< [readout], [1]
  std::int64_t head_gradient = 0;        ///< [readout + 4], of which the bias is at `readout`
};

}  // namespace ipip::cuda
