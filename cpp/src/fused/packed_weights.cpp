// SPDX-License-Identifier: MIT
#include "packed_weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ipip::fused {
namespace {

constexpr std::int64_t kMultiple = 16;  // the same on every processor: ranks exchange rows

std::int64_t padded(std::int64_t width) {
  return (width + kMultiple - 1) / kMultiple * kMultiple;
}

// A side of a matrix: parts of equal width, in the order in which they are taken.
struct Side {
  std::vector<int> parts;
  std::int64_t width;
  std::int64_t size() const { return static_cast<std::int64_t>(parts.size()) * padded(width); }
  // Calls f(place in the padded side, index in the original one).
  template <class F>
  void each(F&& f) const {
    for (std::size_t p = 0; p < parts.size(); ++p) {
      for (std::int64_t c = 0; c < width; ++c) {
        f(static_cast<std::int64_t>(p) * padded(width) + c, parts[p] * width + c);
      }
    }
  }
};

template <class T>
Packed<T> pack_matrix(const Kernels<T>& kernels, const std::vector<T>& matrix, std::int64_t k,
                      std::int64_t n) {
  Packed<T> out;
  out.k = static_cast<int>(k);
  out.n = static_cast<int>(n);
  out.data.reserve(static_cast<std::size_t>(k * n));
  kernels.pack(matrix.data(), out.k, out.n, out.data.data());
  return out;
}

template <class T>
Buffer<T> zeros(std::int64_t size) {
  Buffer<T> out;
  out.reserve(static_cast<std::size_t>(size));
  std::fill_n(out.data(), size, T(0));
  return out;
}

template <class T>
PackedLinear<T> pack_linear(const Kernels<T>& kernels, const Linear& layer, const Side& out,
                            const Side& in) {
  std::vector<T> forward(static_cast<std::size_t>(in.size() * out.size()));
  std::vector<T> backward(forward.size());
  PackedLinear<T> packed;
  packed.bias = zeros<T>(out.size());
  out.each([&](std::int64_t o, std::int64_t from_o) {
    packed.bias.data()[o] = static_cast<T>(layer.bias[static_cast<std::size_t>(from_o)]);
    in.each([&](std::int64_t i, std::int64_t from_i) {
      const auto w =
          static_cast<T>(layer.weight[static_cast<std::size_t>(from_o * layer.n_in + from_i)]);
      forward[static_cast<std::size_t>(i * out.size() + o)] = w;
      backward[static_cast<std::size_t>(o * in.size() + i)] = w;
    });
  });
  packed.forward = pack_matrix(kernels, forward, in.size(), out.size());
  packed.backward = pack_matrix(kernels, backward, out.size(), in.size());
  return packed;
}

// The table in the kernels' order: chunks of channels, rows, parts; zero rows close it.
template <class T>
void lay_out_table(const Kernels<T>& kernels, const RadialTable& table, std::int64_t channels,
                   int parts, PackedLayer<T>& layer) {
  const std::int64_t wide = padded(channels), filled = table.pieces + kDegree;
  layer.table_rows = filled + kTaps;
  layer.table = zeros<T>(layer.table_rows * parts * wide);
  T* out = layer.table.data();
  for (std::int64_t at = 0; at < wide;) {
    const int width = kernels.chunk(wide, at);
    for (std::int64_t row = 0; row < filled; ++row) {
      for (int part = 0; part < parts; ++part) {
        for (std::int64_t c = at; c < std::min<std::int64_t>(at + width, channels); ++c) {
          out[(row * parts + part) * width + c - at] = static_cast<T>(
              table.coefficients[static_cast<std::size_t>((row * 3 + part) * channels + c)]);
        }
      }
    }
    out += layer.table_rows * parts * width;
    at += width;
  }
}

std::vector<double> affine(const Linear& layer, const std::vector<double>& x) {
  std::vector<double> y = layer.bias;
  for (std::size_t o = 0; o < y.size(); ++o) {
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += layer.weight[o * x.size() + i] * x[i];
  }
  return y;
}

template <class T>
void pack_first_messages(const PainnModel& model, PackedPainn<T>& packed) {
  const std::int64_t wide = packed.channels, channels = model.channels;
  packed.embedding = zeros<T>(model.n_species * wide);
  packed.first_messages = zeros<T>(model.n_species * 3 * wide);
  const Side side{{0, 1, 2}, channels};
  for (std::int64_t z = 0; z < model.n_species; ++z) {
    const auto begin = model.embedding.begin() + z * channels;
    const std::vector<double> s(begin, begin + channels);
    std::copy(s.begin(), s.end(), packed.embedding.data() + z * wide);
    std::vector<double> h = affine(model.layers[0].message[0], s);
    for (double& value : h) value /= 1.0 + std::exp(-value);
    const std::vector<double> phi = affine(model.layers[0].message[1], h);
    side.each([&](std::int64_t to, std::int64_t from) {
      packed.first_messages.data()[z * 3 * wide + to] =
          static_cast<T>(phi[static_cast<std::size_t>(from)]);
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
  // What the update yields: ss, sv, vv; the last layer's vectors lead nowhere.
  const Side gains{{0, 2, 1}, model.channels}, last_gains{{0, 2}, model.channels};

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
    lay_out_table(kernels, tables[l], model.channels, l == 0 ? 2 : 3, out);
    out.message[0] = pack_linear(kernels, layer.message[0], one, one);
    out.message[1] = pack_linear(kernels, layer.message[1], three, one);
    out.mix = pack_linear(kernels, layer.mix, two, one);
    out.context[0] = pack_linear(kernels, layer.context[0], one, two);
    out.context[1] = pack_linear(kernels, layer.context[1],
                                 l + 1 < model.layers.size() ? gains : last_gains, one);
    packed.layers.push_back(std::move(out));
  }
  pack_first_messages(model, packed);

  const Side hidden{{0}, model.readout[0].n_out};
  packed.readout_width = hidden.size();
  packed.readout = pack_linear(kernels, model.readout[0], hidden, one);
  packed.readout_weight = zeros<T>(packed.readout_width);
  std::copy(model.readout[1].weight.begin(), model.readout[1].weight.end(),
            packed.readout_weight.data());
  return packed;
}

template PackedPainn<float> pack_painn(const Kernels<float>&, const PainnModel&, double);
template PackedPainn<double> pack_painn(const Kernels<double>&, const PainnModel&, double);

}  // namespace ipip::fused
