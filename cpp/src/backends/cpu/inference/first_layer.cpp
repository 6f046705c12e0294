// SPDX-License-Identifier: MIT
// z: species of the sender, n: row of coefficients, i: channel before a matrix, o: after it.
#include "first_layer.hpp"

#include <cstddef>

#include "packing.hpp"

namespace ipip::cpu {
namespace {

constexpr double kMostBytes = 64.0 * 1024 * 1024;

// The inputs [from, from + F) of a layer, without its bias.
Linear part_of(const Linear& layer, std::int64_t from, std::int64_t width) {
  Linear out{layer.n_out, width, {}, std::vector<double>(static_cast<std::size_t>(layer.n_out))};
  for (std::int64_t o = 0; o < layer.n_out; ++o) {
    const auto row = layer.weight.begin() + o * layer.n_in + from;
    out.weight.insert(out.weight.end(), row, row + width);
  }
  return out;
}

// rows[n, at + o] = sum_i rows[n, from + i] matrix[o, i].
void multiply(std::vector<double>& rows, std::size_t pitch, std::size_t from, std::size_t at,
              const Linear& matrix) {
  const auto n_in = static_cast<std::size_t>(matrix.n_in),
             n_out = static_cast<std::size_t>(matrix.n_out);
  std::vector<double> turned(n_in * n_out);  // [i, o], so that the inner loop is contiguous
  for (std::size_t o = 0; o < n_out; ++o) {
    for (std::size_t i = 0; i < n_in; ++i) turned[i * n_out + o] = matrix.weight[o * n_in + i];
  }
  for (std::size_t row = 0; row < rows.size(); row += pitch) {
    double* out = &rows[row + at];
    for (std::size_t i = 0; i < n_in; ++i) {
      const double value = rows[row + from + i];
      for (std::size_t o = 0; o < n_out; ++o) out[o] += value * turned[i * n_out + o];
    }
  }
}

}  // namespace

template <class T>
FirstLayer<T> tabulate_first_layer(const Kernels<T>& kernels, const PainnModel& model,
                                   const RadialTable& table, const std::vector<double>& messages) {
  constexpr std::size_t kParts = 5;
  const auto channels = static_cast<std::size_t>(model.channels);
  const std::int64_t wide = padded(model.channels), n_rows = table.pieces + kDegree;
  FirstLayer<T> out;
  const std::int64_t pitch = (n_rows + kSplineWeights) * static_cast<std::int64_t>(kParts) * wide;
  if (static_cast<double>(pitch * model.n_species) * sizeof(T) > kMostBytes) return out;
  out.pitch = pitch;
  out.tables = zeros<T>(pitch * model.n_species);
  out.context = zeros<T>(wide * model.n_species);
  const PainnLayer& layer = model.layers[0];
  const Linear scalars = part_of(layer.context[0], 0, model.channels);
  const Side one{{0}, model.channels};
  out.norms =
      pack_linear(kernels, part_of(layer.context[0], model.channels, model.channels), one, one);
  std::vector<double> rows;
  for (std::int64_t z = 0; z < model.n_species; ++z) {
    const double* phi = &messages[static_cast<std::size_t>(z) * 3 * channels];
    rows.assign(static_cast<std::size_t>(n_rows) * kParts * channels, 0.0);
    for (std::size_t n = 0; n < static_cast<std::size_t>(n_rows); ++n) {
      for (std::size_t i = 0; i < 2 * channels; ++i) {
        rows[n * kParts * channels + i] = phi[i] * table.coefficients[n * 3 * channels + i];
      }
    }
    multiply(rows, kParts * channels, channels, 2 * channels, layer.mix);
    multiply(rows, kParts * channels, 0, 4 * channels, scalars);
    lay_out_table(kernels, rows.data(), static_cast<std::int64_t>(kParts * channels), n_rows,
                  static_cast<int>(kParts), model.channels, out.tables.data() + z * pitch);
    for (std::size_t o = 0; o < channels; ++o) {
      double value = layer.context[0].bias[o];
      for (std::size_t i = 0; i < channels; ++i) {
        value += scalars.weight[o * channels + i] *
                 model.embedding[static_cast<std::size_t>(z) * channels + i];
      }
      out.context.data()[z * wide + static_cast<std::int64_t>(o)] = static_cast<T>(value);
    }
  }
  return out;
}

template FirstLayer<float> tabulate_first_layer(const Kernels<float>&, const PainnModel&,
                                                const RadialTable&, const std::vector<double>&);
template FirstLayer<double> tabulate_first_layer(const Kernels<double>&, const PainnModel&,
                                                 const RadialTable&, const std::vector<double>&);

}  // namespace ipip::cpu
