// SPDX-License-Identifier: MIT
// Parameters as the sweeps read them. Order of the list: embedding; for each layer filter,
// message 0, message 1, mix (no bias), context 0, context 1; readout 0, readout 1; each weight,
// bias.
//
// The kernels take widths that are multiples of 16. Padding channels have zeros in their embedding,
// filters and matrices, so they do not affect the other channels.
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/zeros_like.h>

#include <utility>

#include "../inference/packing.hpp"
#include "ipip/error.hpp"
#include "painn_training.hpp"

namespace ipip::training {
namespace {

// A side of `x` that has parts of `width` numbers, with each part padded by zeros.
at::Tensor filled(const at::Tensor& x, std::int64_t side, std::int64_t width) {
  const std::int64_t more = cpu::padded(width) - width;
  if (more == 0) return x;
  const at::Tensor parts = x.unflatten(side, {x.size(side) / width, width});
  std::vector<std::int64_t> pad(static_cast<std::size_t>(2 * (x.dim() - side)), 0);
  pad.back() = more;  // constant_pad_nd counts sides from the last
  return at::constant_pad_nd(parts, pad, 0).flatten(side, side + 1);
}

// The adjoint of `filled`.
at::Tensor cut(const at::Tensor& x, std::int64_t side, std::int64_t width) {
  const std::int64_t wide = cpu::padded(width);
  if (wide == width) return x;
  return x.unflatten(side, {x.size(side) / wide, wide})
      .narrow(side + 1, 0, width)
      .flatten(side, side + 1)
      .contiguous();
}

// Applies one of the two to the weight and bias of a layer, whose outputs are parts of `n_out` and
// whose inputs are parts of `n_in`; 0 leaves a side as it is.
template <class Change>
LinearWeights changed(const LinearWeights& linear, std::int64_t n_out, std::int64_t n_in,
                      Change change) {
  LinearWeights out = linear;
  if (n_in > 0) out.weight = change(out.weight, 1, n_in);
  if (n_out > 0) out.weight = change(out.weight, 0, n_out);
  if (n_out > 0 && out.bias.defined()) out.bias = change(out.bias, 0, n_out);
  return out;
}

template <class Change>
void change_all(Weights& weights, const Widths& widths, Change change) {
  const std::int64_t F = widths.channels;
  weights.embedding = change(weights.embedding, 1, F);
  for (LayerWeights& layer : weights.layers) {
    layer.filter = changed(layer.filter, F, 0, change);
    for (LinearWeights* linear :
         {&layer.message[0], &layer.message[1], &layer.mix, &layer.context[0], &layer.context[1]}) {
      *linear = changed(*linear, F, F, change);
    }
  }
  weights.readout[0] = changed(weights.readout[0], widths.readout, F, change);
}

// Python keeps the update's output as ss, vv, sv; the kernels take ss, sv and, last, vv.
at::Tensor to_kernels(const at::Tensor& x, std::int64_t channels, bool last) {
  const at::Tensor ss = x.narrow(0, 0, channels), sv = x.narrow(0, 2 * channels, channels);
  return last ? at::cat({ss, sv}) : at::cat({ss, sv, x.narrow(0, channels, channels)});
}

at::Tensor from_kernels(const at::Tensor& x, std::int64_t channels, bool last) {
  const at::Tensor ss = x.narrow(0, 0, channels), sv = x.narrow(0, channels, channels);
  return at::cat({ss, last ? at::zeros_like(ss) : x.narrow(0, 2 * channels, channels), sv});
}

class Reader {
 public:
  explicit Reader(const std::vector<at::Tensor>& list) : list_(list) {}
  at::Tensor next() {
    if (at_ == list_.size()) throw Error("the list of parameters is too short");
    return list_[at_++].detach().contiguous();
  }
  LinearWeights linear() {
    at::Tensor weight = next();
    return {weight, next()};
  }
  bool done() const { return at_ == list_.size(); }

 private:
  const std::vector<at::Tensor>& list_;
  std::size_t at_ = 0;
};

void append(std::vector<at::Tensor>& list, const LinearWeights& linear) {
  list.push_back(linear.weight);
  if (linear.bias.defined()) list.push_back(linear.bias);
}

}  // namespace

Weights unpack(const std::vector<at::Tensor>& parameters, std::int64_t layers) {
  Reader reader(parameters);
  Weights out;
  out.embedding = reader.next();
  const std::int64_t channels = out.embedding.size(1);
  for (std::int64_t l = 0; l < layers; ++l) {
    LayerWeights layer;
    layer.filter = reader.linear();
    for (LinearWeights& linear : layer.message) linear = reader.linear();
    layer.mix.weight = reader.next();
    for (LinearWeights& linear : layer.context) linear = reader.linear();
    LinearWeights& gains = layer.context[1];
    gains.weight = to_kernels(gains.weight, channels, l + 1 == layers);
    gains.bias = to_kernels(gains.bias, channels, l + 1 == layers);
    out.layers.push_back(std::move(layer));
  }
  for (LinearWeights& linear : out.readout) linear = reader.linear();
  if (!reader.done()) throw Error("the list of parameters is too long");
  change_all(out, {channels, out.readout[0].weight.size(0)}, filled);
  return out;
}

std::vector<at::Tensor> pack(Weights gradients, const Widths& widths) {
  change_all(gradients, widths, cut);
  std::vector<at::Tensor> list = {gradients.embedding};
  const std::int64_t channels = widths.channels;
  for (std::size_t l = 0; l < gradients.layers.size(); ++l) {
    const LayerWeights& layer = gradients.layers[l];
    const bool last = l + 1 == gradients.layers.size();
    append(list, layer.filter);
    for (const LinearWeights& linear : layer.message) append(list, linear);
    append(list, layer.mix);
    append(list, layer.context[0]);
    append(list, {from_kernels(layer.context[1].weight, channels, last),
                  from_kernels(layer.context[1].bias, channels, last)});
  }
  for (const LinearWeights& linear : gradients.readout) append(list, linear);
  return list;
}

}  // namespace ipip::training
