// SPDX-License-Identifier: MIT
#include "packed_weights.hpp"

#include <algorithm>
#include <cstddef>

#include "first_layer.hpp"
#include "model/prepared.hpp"
#include "packing.hpp"

namespace ipip::cpu {
namespace {

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
  // What the update yields: ss, sv, vv. Nothing reads the last layer's vectors, and its ss goes
  // through the readout's matrix at once.
  const Side gains{{0, 2, 1}, model.channels}, last_gains{{2}, model.channels};

  const std::vector<RadialTable> tables = tabulate_layers(model, table_error);
  packed.pieces = tables[0].pieces;
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    const PainnLayer& layer = model.layers[l];
    packed.table_error = std::max(packed.table_error, tables[l].error);
    PackedLayer<T> out;
    const std::int64_t filled = packed.pieces + kDegree;
    const int parts = l == 0 ? 2 : 3;
    out.table_rows = filled + kSplineWeights;  // rows of zeros close it
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
  const SplitReadout readout = split_readout(model);
  packed.readout = pack_linear(kernels, readout.scalars, hidden, one);
  packed.hidden_readout = pack_linear(kernels, readout.hidden, hidden, one);
  packed.last_scalars = pack_linear(kernels, model.layers.back().context[1], one, one);
  packed.readout_weight = zeros<T>(packed.readout_width);
  std::copy(model.readout[1].weight.begin(), model.readout[1].weight.end(),
            packed.readout_weight.data());
  return packed;
}

template PackedPainn<float> pack_painn(const Kernels<float>&, const PainnModel&, double);
template PackedPainn<double> pack_painn(const Kernels<double>&, const PainnModel&, double);

}  // namespace ipip::cpu
