// SPDX-License-Identifier: MIT
// o: output, i: input, z: species, c: channel.
#include "device_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "model/radial_table.hpp"
#include "model/spline.hpp"

namespace ipip::cuda {
namespace {

std::int64_t padded(std::int64_t width) {
  return (width + kLanes - 1) / kLanes * kLanes;
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
        f(static_cast<std::size_t>(static_cast<std::int64_t>(p) * padded(width) + c),
          static_cast<std::size_t>(parts[p] * width + c));
      }
    }
  }
};

struct Padded {
  std::vector<double> forward, turned, bias;
  int n_in = 0, n_out = 0;
};

Padded pad(const Linear& layer, const Side& out, const Side& in) {
  const auto n_in = static_cast<std::size_t>(in.size()),
             n_out = static_cast<std::size_t>(out.size());
  Padded padded{std::vector<double>(n_in * n_out), std::vector<double>(n_in * n_out),
                std::vector<double>(n_out), static_cast<int>(n_in), static_cast<int>(n_out)};
  out.each([&](std::size_t o, std::size_t from_o) {
    padded.bias[o] = layer.bias[from_o];
    in.each([&](std::size_t i, std::size_t from_i) {
      const double w = layer.weight[from_o * static_cast<std::size_t>(layer.n_in) + from_i];
      padded.forward[i * n_out + o] = w;
      padded.turned[o * n_in + i] = w;
    });
  });
  return padded;
}

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

}  // namespace

template <class T>
template <class Number>
Array<Number> DeviceModel<T>::keep(const std::vector<double>& numbers) {
  auto& kept = [this]() -> std::vector<Memory<Number>>& {
    if constexpr (std::is_same_v<Number, T>) {
      return numbers_;
    } else {
      return exact_numbers_;
    }
  }();
  kept.emplace_back(machine_);
  assign(machine_, numbers, kept.back());
  return kept.back().array();
}

template <class T>
DeviceModel<T>::DeviceModel(Machine& machine, const PainnModel& model, double target)
    : machine_(machine) {
  channels = static_cast<int>(padded(model.channels));
  readout_width = static_cast<int>(padded(model.readout[0].n_out));
  strip = channels % (2 * kLanes) == 0 ? 2 : 1;
  make_tables(model, target);
  make_species(model);
  make_layers(model);
  make_readout(model);
  if (!model.zbl) return;
  core.n_species = static_cast<int>(model.n_species);
  core.charges = keep<double>(model.charges);
  core.inverse_length = keep<double>(model.inverse_length);
  core.reach = keep<double>(model.reach);
}

template <class T>
void DeviceModel<T>::make_tables(const PainnModel& model, double target) {
  std::vector<RadialTable> made;
  for (const PainnLayer& layer : model.layers) {
    made.push_back(tabulate(layer.filter, target));
    pieces = std::max(pieces, static_cast<int>(made.back().pieces));
  }
  const std::int64_t rows = pieces + kDegree, chunk = static_cast<std::int64_t>(kLanes) * strip;
  for (std::size_t l = 0; l < made.size(); ++l) {
    if (made[l].pieces != pieces) made[l] = tabulate_pieces(model.layers[l].filter, pieces);
    table_error = std::max(table_error, made[l].error);
    const std::int64_t parts = l == 0 ? 2 : 3;
    std::vector<double> numbers(static_cast<std::size_t>(rows * parts * channels));
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t part = 0; part < parts; ++part) {
        for (std::int64_t c = 0; c < model.channels; ++c) {
          const std::int64_t begin = c / chunk * chunk;
          const std::int64_t to = rows * parts * begin + (row * parts + part) * chunk + c - begin;
          const std::int64_t from = row * 3 * model.channels + part * model.channels + c;
          numbers[static_cast<std::size_t>(to)] =
              made[l].coefficients[static_cast<std::size_t>(from)];
        }
      }
    }
    tables.push_back({keep<T>(numbers), static_cast<int>(rows)});
  }
}

template <class T>
void DeviceModel<T>::make_species(const PainnModel& model) {
  const auto wide = static_cast<std::size_t>(channels);
  const auto n_species = static_cast<std::size_t>(model.n_species);
  std::vector<double> embeddings(n_species * wide), phi(n_species * 3 * wide);
  const Side one{{0}, model.channels}, three{{0, 1, 2}, model.channels};
  for (std::size_t z = 0; z < n_species; ++z) {
    const auto begin = model.embedding.begin() + static_cast<std::ptrdiff_t>(z) * model.channels;
    const std::vector<double> s(begin, begin + model.channels);
    std::vector<double> h = affine(model.layers[0].message[0], s);
    for (double& value : h) value /= 1.0 + std::exp(-value);
    const std::vector<double> sent = affine(model.layers[0].message[1], h);
    one.each([&](std::size_t to, std::size_t from) { embeddings[z * wide + to] = s[from]; });
    three.each([&](std::size_t to, std::size_t from) { phi[z * 3 * wide + to] = sent[from]; });
  }
  embedding = keep<T>(embeddings);
  first_messages = keep<T>(phi);
}

template <class T>
void DeviceModel<T>::make_layers(const PainnModel& model) {
  const Side one{{0}, model.channels}, two{{0, 1}, model.channels},
      three{{0, 1, 2}, model.channels};
  // What the update yields: ss, sv, vv, of which the file has vv before sv; the last layer's
  // vectors lead nowhere, and its ss goes through the readout's matrix at once.
  const Side gains{{0, 2, 1}, model.channels}, last_gains{{2}, model.channels};
  const auto matrices = [this](const Padded& p, Matrix<T>& forward, Matrix<T>& turned) {
    forward = {keep<T>(p.forward), p.n_in, p.n_out};
    turned = {keep<T>(p.turned), p.n_out, p.n_in};
  };
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    const PainnLayer& layer = model.layers[l];
    MessageMatrices<T> message;
    if (l > 0) {
      const Padded hidden = pad(layer.message[0], one, one),
                   sent = pad(layer.message[1], three, one);
      matrices(hidden, message.hidden, message.hidden_turned);
      matrices(sent, message.sent, message.sent_turned);
      message.hidden_bias = keep<T>(hidden.bias);
      message.sent_bias = keep<T>(sent.bias);
    }
    messages.push_back(message);
    UpdateMatrices<T> update;
    const Padded context = pad(layer.context[0], one, two);
    const Padded yields =
        pad(layer.context[1], l + 1 < model.layers.size() ? gains : last_gains, one);
    matrices(pad(layer.mix, two, one), update.mix, update.mix_turned);
    matrices(context, update.context, update.context_turned);
    matrices(yields, update.gains, update.gains_turned);
    update.context_bias = keep<T>(context.bias);
    update.gains_bias = keep<T>(yields.bias);
    updates.push_back(update);
  }
}

template <class T>
void DeviceModel<T>::make_readout(const PainnModel& model) {
  const Linear through = product(model.readout[0], model.layers.back().context[1]);
  Linear first = model.readout[0];
  for (std::size_t o = 0; o < first.bias.size(); ++o) first.bias[o] += through.bias[o];
  const Side one{{0}, model.channels}, width{{0}, model.readout[0].n_out};
  const Padded scalars = pad(first, width, one), hidden = pad(through, width, one);
  readout.scalars = {keep<T>(scalars.forward), scalars.n_in, scalars.n_out};
  readout.scalars_turned = {keep<T>(scalars.turned), scalars.n_out, scalars.n_in};
  readout.hidden = {keep<T>(hidden.forward), hidden.n_in, hidden.n_out};
  readout.hidden_turned = {keep<T>(hidden.turned), hidden.n_out, hidden.n_in};
  readout.bias = keep<T>(scalars.bias);
  std::vector<double> weight(static_cast<std::size_t>(readout_width));
  std::copy(model.readout[1].weight.begin(), model.readout[1].weight.end(), weight.begin());
  readout.weight = keep<T>(weight);
  readout.energy_bias = model.readout[1].bias[0];
  readout.scale = keep<double>(model.scale);
  readout.offset = keep<double>(model.offset);
}

template <class T>
double DeviceModel<T>::bytes() const {
  double bytes = 0.0;
  for (const auto& memory : numbers_) bytes += memory.bytes();
  for (const auto& memory : exact_numbers_) bytes += memory.bytes();
  return bytes;
}

template class DeviceModel<float>;
template class DeviceModel<double>;

}  // namespace ipip::cuda
