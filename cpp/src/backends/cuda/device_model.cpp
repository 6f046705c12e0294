// SPDX-License-Identifier: MIT
// o: output, i: input, z: species, c: channel.
#include "device_model.hpp"

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "model/prepared.hpp"
#include "model/sides.hpp"
#include "model/spline.hpp"

namespace ipip::cuda {
namespace {

std::int64_t padded(std::int64_t width) {
  return padded_to<kLanes>(width);
}

using Side = PaddedSide<kLanes>;

struct Padded {
  std::vector<double> forward, turned, bias;
  int n_in = 0, n_out = 0;
};

Padded pad(const Linear& layer, const Side& out, const Side& in) {
  const auto n_in = static_cast<std::size_t>(in.size()),
             n_out = static_cast<std::size_t>(out.size());
  Padded padded{std::vector<double>(n_in * n_out), std::vector<double>(n_in * n_out),
                std::vector<double>(n_out), static_cast<int>(n_in), static_cast<int>(n_out)};
  out.each([&](std::int64_t o, std::int64_t from_o) {
    padded.bias[static_cast<std::size_t>(o)] = layer.bias[static_cast<std::size_t>(from_o)];
    in.each([&](std::int64_t i, std::int64_t from_i) {
      const double w = layer.weight[static_cast<std::size_t>(from_o * layer.n_in + from_i)];
      padded.forward[static_cast<std::size_t>(i * out.size() + o)] = w;
      padded.turned[static_cast<std::size_t>(o * in.size() + i)] = w;
    });
  });
  return padded;
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
DeviceModel<T>::DeviceModel(Machine& machine, const PainnModel& model, double target,
                            const std::optional<Uncertainty>& uncertainty)
    : machine_(machine) {
  channels = static_cast<int>(padded(model.channels));
  readout_width = static_cast<int>(padded(model.readout[0].n_out));
  strip = channels % (2 * kLanes) == 0 ? 2 : 1;
  make_tables(model, target);
  make_species(model);
  make_layers(model);
  make_readout(model);
  if (uncertainty) make_errors(model, *uncertainty);
  if (!model.zbl) return;
  core.n_species = static_cast<int>(model.n_species);
  core.charges = keep<double>(model.charges);
  core.inverse_length = keep<double>(model.inverse_length);
  core.reach = keep<double>(model.reach);
}

template <class T>
void DeviceModel<T>::make_tables(const PainnModel& model, double target) {
  const std::vector<RadialTable> made = tabulate_layers(model, target);
  pieces = static_cast<int>(made[0].pieces);
  const std::int64_t rows = pieces + kDegree, chunk = static_cast<std::int64_t>(kLanes) * strip;
  for (std::size_t l = 0; l < made.size(); ++l) {
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
  const std::int64_t wide = channels, narrow = model.channels;
  std::vector<double> embeddings(static_cast<std::size_t>(model.n_species * wide));
  std::vector<double> phi(3 * embeddings.size());
  const std::vector<double> sent = ipip::first_messages(model);
  const Side one{{0}, narrow}, three{{0, 1, 2}, narrow};
  for (std::int64_t z = 0; z < model.n_species; ++z) {
    one.each([&](std::int64_t to, std::int64_t from) {
      embeddings[static_cast<std::size_t>(z * wide + to)] =
          model.embedding[static_cast<std::size_t>(z * narrow + from)];
    });
    three.each([&](std::int64_t to, std::int64_t from) {
      phi[static_cast<std::size_t>(z * 3 * wide + to)] =
          sent[static_cast<std::size_t>(z * 3 * narrow + from)];
    });
  }
  embedding = keep<T>(embeddings);
  first_messages = keep<T>(phi);
}

template <class T>
void DeviceModel<T>::make_layers(const PainnModel& model) {
  const Side one{{0}, model.channels}, two{{0, 1}, model.channels},
      three{{0, 1, 2}, model.channels};
  // What the update yields: ss, sv, vv, of which the file has vv before sv. Nothing reads the last
  // layer's vectors, and its ss goes through the readout's matrix at once.
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
  const SplitReadout split = split_readout(model);
  const Side one{{0}, model.channels}, width{{0}, model.readout[0].n_out};
  const Padded scalars = pad(split.scalars, width, one), hidden = pad(split.hidden, width, one);
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
void DeviceModel<T>::make_errors(const PainnModel& model, const Uncertainty& uncertainty) {
  const Side one{{0}, model.channels};
  const Padded last = pad(model.layers.back().context[1], one, one);
  errors.last_scalars = {keep<T>(last.forward), last.n_in, last.n_out};
  errors.last_bias = keep<T>(last.bias);
  std::vector<double> whitening, offsets;
  for (const Linear& layer : whitening_layers(uncertainty)) {
    const Padded own = pad(layer, one, one);
    whitening.insert(whitening.end(), own.forward.begin(), own.forward.end());
    offsets.insert(offsets.end(), own.bias.begin(), own.bias.end());
  }
  errors.whitening = {keep<T>(whitening), channels, channels};
  errors.offsets = keep<T>(offsets);
  errors.n_species = static_cast<int>(uncertainty.n_species);
  errors.n_knots = static_cast<int>(uncertainty.n_knots);
  errors.scores = keep<double>(uncertainty.scores);
  errors.errors = keep<double>(uncertainty.errors);
  errors.largest = kLargestUncertainty;
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
