// SPDX-License-Identifier: MIT
// o: output, i: input, k: what stands between two matrices, z: species.
#include "prepared.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>

namespace ipip {
namespace {

std::vector<double> affine(const Linear& layer, const std::vector<double>& x) {
  std::vector<double> y = layer.bias;
  for (std::size_t o = 0; o < y.size(); ++o) {
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += layer.weight[o * x.size() + i] * x[i];
  }
  return y;
}

// `left` applied to the first outputs of `right`, without the bias of `left`.
Linear product(const Linear& left, const Linear& right) {
  const auto n_out = static_cast<std::size_t>(left.n_out), n = static_cast<std::size_t>(left.n_in),
             n_in = static_cast<std::size_t>(right.n_in);
  Linear out{left.n_out, right.n_in, std::vector<double>(n_out * n_in), std::vector<double>(n_out)};
  for (std::size_t o = 0; o < n_out; ++o) {
    for (std::size_t k = 0; k < n; ++k) {
      const double weight = left.weight[o * n + k];
      out.bias[o] += weight * right.bias[k];
      for (std::size_t i = 0; i < n_in; ++i) {
        out.weight[o * n_in + i] += weight * right.weight[k * n_in + i];
      }
    }
  }
  return out;
}

}  // namespace

std::vector<double> first_messages(const PainnModel& model) {
  std::vector<double> messages;
  for (std::int64_t z = 0; z < model.n_species; ++z) {
    const auto begin = model.embedding.begin() + z * model.channels;
    std::vector<double> h = affine(model.layers[0].message[0], {begin, begin + model.channels});
    for (double& value : h) value /= 1.0 + std::exp(-value);
    const std::vector<double> phi = affine(model.layers[0].message[1], h);
    messages.insert(messages.end(), phi.begin(), phi.end());
  }
  return messages;
}

std::vector<RadialTable> tabulate_layers(const PainnModel& model, double target) {
  std::vector<RadialTable> tables;
  std::int64_t pieces = 0;
  for (const PainnLayer& layer : model.layers) {
    tables.push_back(tabulate(layer.filter, target));
    pieces = std::max(pieces, tables.back().pieces);
  }
  for (std::size_t l = 0; l < tables.size(); ++l) {
    if (tables[l].pieces != pieces) tables[l] = tabulate_pieces(model.layers[l].filter, pieces);
  }
  return tables;
}

SplitReadout split_readout(const PainnModel& model) {
  SplitReadout out{model.readout[0], product(model.readout[0], model.layers.back().context[1])};
  for (std::size_t o = 0; o < out.scalars.bias.size(); ++o) {
    out.scalars.bias[o] += out.hidden.bias[o];
  }
  return out;
}

std::vector<Linear> whitening_layers(const Uncertainty& uncertainty) {
  const std::int64_t width = uncertainty.width;
  std::vector<Linear> layers;
  auto weight = uncertainty.whitening.begin();
  auto mean = uncertainty.means.begin();
  for (std::int64_t z = 0; z < uncertainty.n_species; ++z, mean += width) {
    Linear layer{width, width, {weight, weight + width * width}, {}};
    for (std::int64_t o = 0; o < width; ++o, weight += width) {
      layer.bias.push_back(-std::inner_product(weight, weight + width, mean, 0.0));
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace ipip
