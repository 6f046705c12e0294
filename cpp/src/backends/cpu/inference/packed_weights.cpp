// SPDX-License-Identifier: MIT
#include "packed_weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "first_layer.hpp"
#include "packing.hpp"

namespace ipip::cpu {
namespace {

std::vector<double> affine(const Linear& layer, const std::vector<double>& x) {
  std::vector<double> y = layer.bias;
  for (std::size_t o = 0; o < y.size(); ++o) {
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += layer.weight[o * x.size() + i] * x[i];
  }
  return y;
}

// left of the outputs of `right` that come first, without the bias of `left`.
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

// phi of each species in the first layer, [n_species, 3 F].
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

template <class T>
void pack_species(const PainnModel& model, const std::vector<double>& messages,
                  PackedPainn<T>& packed) {
  const std::int64_t wide = packed.channels, channels = model.channels;
  packed.embedding = zeros<T>(model.n_species * wide);
  packed.first_messages = zeros<T>(model.n_species * 3 * wide);
  const Side side{{0, 1, 2}, channels};
  for (std::int64_t z = 0; z < model.n_species; ++z) {
    std::copy_n(model.embedding.begin() + z * channels, channels,
                packed.embedding.data() + z * wide);
    side.each([&](std::int64_t to, std::int64_t from) {
      packed.first_messages.data()[z * 3 * wide + to] =
          static_cast<T>(messages[static_cast<std::size_t>(z * 3 * channels + from)]);
    });
  }
}

}  // namespace

template <class T>
PackedPainn<T> pack_painn(const Kernels<T>& kernels, const PainnModel& model, double table_error) {
  PackedPainn<T> packed;
  packed.channels = padded(model.channels);
  const Side one{{0}, model.channels}, two{{0, 1}, model.channels},
      three{{0, 1, 2}, model.channels};
  // What the update yields: ss, sv, vv; the last layer's vectors lead nowhere, and its ss goes
  // through the readout's matrix at once.
  const Side gains{{0, 2, 1}, model.channels}, last_gains{{2}, model.channels};

  std::vector<RadialTable> tables;
  for (const PainnLayer& layer : model.layers) {
    tables.push_back(tabulate(layer.filter, table_error));
    packed.pieces = std::max(packed.pieces, tables.back().pieces);
  }
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    const PainnLayer& layer = model.layers[l];
    if (tables[l].pieces != packed.pieces) tables[l] = tabulate_pieces(layer.filter, packed.pieces);
    packed.table_error = std::max(packed.table_error, tables[l].error);
    PackedLayer<T> out;
    const std::int64_t filled = packed.pieces + kDegree;
    const int parts = l == 0 ? 2 : 3;
    out.table_rows = filled + kTaps;  // rows of zeros close it
    out.table = zeros<T>(out.table_rows * parts * packed.channels);
    lay_out_table(kernels, tables[l].coefficients.data(), 3 * model.channels, filled, parts,
                  model.channels, out.table.data());
    out.message[0] = pack_linear(kernels, layer.message[0], one, one);
    out.message[1] = pack_linear(kernels, layer.message[1], three, one);
    out.mix = pack_linear(kernels, layer.mix, two, one);
    out.context[0] = pack_linear(kernels, layer.context[0], one, two);
    out.context[1] = pack_linear(kernels, layer.context[1],
                                 l + 1 < model.layers.size() ? gains : last_gains, one);
    packed.layers.push_back(std::move(out));
  }
  const std::vector<double> messages = first_messages(model);
  pack_species(model, messages, packed);
  packed.first = tabulate_first_layer(kernels, model, tables[0], messages);

  const Side hidden{{0}, model.readout[0].n_out};
  packed.readout_width = hidden.size();
  const Linear through = product(model.readout[0], model.layers.back().context[1]);
  Linear readout = model.readout[0];
  for (std::size_t o = 0; o < readout.bias.size(); ++o) readout.bias[o] += through.bias[o];
  packed.readout = pack_linear(kernels, readout, hidden, one);
  packed.hidden_readout = pack_linear(kernels, through, hidden, one);
  packed.last_scalars = pack_linear(kernels, model.layers.back().context[1], one, one);
  packed.readout_weight = zeros<T>(packed.readout_width);
  std::copy(model.readout[1].weight.begin(), model.readout[1].weight.end(),
            packed.readout_weight.data());
  return packed;
}

template PackedPainn<float> pack_painn(const Kernels<float>&, const PainnModel&, double);
template PackedPainn<double> pack_painn(const Kernels<double>&, const PainnModel&, double);

}  // namespace ipip::cpu
