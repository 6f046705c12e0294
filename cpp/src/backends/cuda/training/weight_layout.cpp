// SPDX-License-Identifier: MIT
// o: output, i: input, k: radial function, c: channel; `at` is a place among the given weights.
#include "weight_layout.hpp"

#include "../block_counts.hpp"
#include "../index_limit.hpp"
#include "model/sides.hpp"

namespace ipip::cuda {
namespace {

using Side = PaddedSide<kLanes>;

class Builder {
 public:
  explicit Builder(WeightLayout& layout) : layout_(layout) {}

  /// The place of the next `size` given weights.
  std::int64_t next(std::int64_t size) {
    const std::int64_t at = layout_.n_weights;
    layout_.n_weights += size;
    layout_.unpacked.resize(static_cast<std::size_t>(layout_.n_weights), -1);
    return at;
  }
  /// Room for `size` numbers, of which each row begins at a multiple of 4.
  std::int64_t weights(std::int64_t size) {
    const auto at = static_cast<std::int64_t>(layout_.packed.size());
    layout_.packed.resize(static_cast<std::size_t>(at + padded_to<4>(size)), -1);
    return at;
  }
  std::int64_t gradients(std::int64_t size) {
    const std::int64_t at = layout_.n_gradients;
    layout_.n_gradients += padded_to<4>(size);
    return at;
  }
  void weight(std::int64_t packed, std::int64_t at) {
    layout_.packed[static_cast<std::size_t>(packed)] = static_cast<int>(at);
  }
  void gradient(std::int64_t packed, std::int64_t at) {
    layout_.unpacked[static_cast<std::size_t>(at)] = static_cast<int>(packed);
  }

  PackedLinear linear(const Side& out, const Side& in, std::int64_t n_out, bool has_bias) {
    const std::int64_t n_in = static_cast<std::int64_t>(in.parts.size()) * in.width;
    PackedLinear linear;
    linear.n_in = static_cast<int>(in.size());
    linear.n_out = static_cast<int>(out.size());
    const std::int64_t size = in.size() * out.size(), at = next(n_out * n_in);
    linear.forward = weights(size);
    linear.turned = weights(size);
    linear.gradient = gradients(size);
    out.each([&](std::int64_t o, std::int64_t from_o) {
      in.each([&](std::int64_t i, std::int64_t from_i) {
        const std::int64_t from = at + from_o * n_in + from_i;
        weight(linear.forward + i * out.size() + o, from);
        weight(linear.turned + o * in.size() + i, from);
        gradient(linear.gradient + o * in.size() + i, from);
      });
    });
    if (!has_bias) return linear;
    const std::int64_t bias = next(n_out);
    linear.bias = weights(out.size());
    linear.bias_gradient = gradients(out.size());
    out.each([&](std::int64_t o, std::int64_t from_o) {
      weight(linear.bias + o, bias + from_o);
      gradient(linear.bias_gradient + o, bias + from_o);
    });
    return linear;
  }

  PackedFilter filter(int parts, std::int64_t channels, std::int64_t n_basis) {
    PackedFilter filter;
    filter.parts = parts;
    filter.rows = static_cast<int>(padded_to<4>(n_basis + 1));
    const std::int64_t at = next(3 * channels * n_basis), bias = next(3 * channels);
    const std::int64_t chunks = padded_to<kLanes>(channels) / kLanes, width = parts * kLanes;
    filter.forward = weights(chunks * filter.size());
    filter.gradient = gradients(chunks * filter.size());
    for (int part = 0; part < parts; ++part) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const std::int64_t begin = c / kLanes * filter.size();
        const std::int64_t column = part * kLanes + c % kLanes, row = part * channels + c;
        for (std::int64_t k = 0; k <= n_basis; ++k) {
          const std::int64_t from = k < n_basis ? at + row * n_basis + k : bias + row;
          weight(filter.forward + begin + k * width + column, from);
          gradient(filter.gradient + begin + column * filter.rows + k, from);
        }
      }
    }
    return filter;
  }

 private:
  WeightLayout& layout_;
};

}  // namespace

WeightLayout::WeightLayout(const TrainingShape& shape)
    : channels(static_cast<int>(padded_to<kLanes>(shape.channels))),
      readout(static_cast<int>(padded_to<kLanes>(shape.readout))) {
  Builder builder(*this);
  const std::int64_t F = shape.channels;
  const Side one{{0}, F}, two{{0, 1}, F}, three{{0, 1, 2}, F};
  // The update yields ss, vv, sv; the kernels take ss, sv, vv, in the last layer ss and sv.
  const Side gains{{0, 2, 1}, F}, last_gains{{0, 2}, F};
  const std::int64_t embedding = builder.next(shape.n_species * F);
  const std::int64_t packed_embedding = builder.weights(shape.n_species * channels);
  const std::int64_t gradient = builder.gradients(shape.n_species * channels);
  for (std::int64_t z = 0; z < shape.n_species; ++z) {
    for (std::int64_t c = 0; c < F; ++c) {
      builder.weight(packed_embedding + z * channels + c, embedding + z * F + c);
      builder.gradient(gradient + z * channels + c, embedding + z * F + c);
    }
  }
  const auto n_basis = static_cast<std::int64_t>(shape.radial.offsets.size());
  for (std::int64_t l = 0; l < shape.layers; ++l) {
    const bool last = l + 1 == shape.layers;
    PackedLayer layer;
    layer.filter = builder.filter(l == 0 ? 2 : 3, F, n_basis);
    layer.message[0] = builder.linear(one, one, F, true);
    layer.message[1] = builder.linear(three, one, 3 * F, true);
    layer.mix = builder.linear(two, one, 2 * F, false);
    layer.context[0] = builder.linear(one, two, F, true);
    layer.context[1] = builder.linear(last ? last_gains : gains, one, 3 * F, true);
    layers.push_back(layer);
  }
  readout_layer = builder.linear(Side{{0}, shape.readout}, one, shape.readout, true);
  const std::int64_t given_head = builder.next(shape.readout), given_bias = builder.next(1);
  head = builder.weights(readout);
  head_bias = builder.weights(1);
  head_gradient = builder.gradients(readout + 4);
  for (std::int64_t c = 0; c < shape.readout; ++c) {
    builder.weight(head + c, given_head + c);
    builder.gradient(head_gradient + c, given_head + c);
  }
  builder.weight(head_bias, given_bias);
  builder.gradient(head_gradient + readout, given_bias);
  require_int(static_cast<std::int64_t>(packed.size()), "weights");
}

}  // namespace ipip::cuda
