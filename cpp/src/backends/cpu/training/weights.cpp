// SPDX-License-Identifier: MIT
// Parameters as the sweeps take them. Order of the list: embedding; for each layer filter,
// message 0, message 1, mix (no bias), context 0, context 1; readout 0, readout 1; each weight,
// bias.
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/zeros_like.h>

#include <utility>

#include "ipip/error.hpp"
#include "painn_training.hpp"

namespace ipip::training {
namespace {

constexpr std::int64_t kMultiple = 16;

// Python keeps the update's outcome as ss, vv, sv; the kernels take ss, sv and, last, vv.
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
  const std::int64_t width = out.readout[0].weight.size(0);
  const std::int64_t more = (kMultiple - width % kMultiple) % kMultiple;
  out.readout[0].weight = at::constant_pad_nd(out.readout[0].weight, {0, 0, 0, more}, 0);
  out.readout[0].bias = at::constant_pad_nd(out.readout[0].bias, {0, more}, 0);
  return out;
}

std::vector<at::Tensor> pack(const Weights& gradients, std::int64_t readout_width) {
  std::vector<at::Tensor> list = {gradients.embedding};
  const std::int64_t channels = gradients.embedding.size(1);
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
  append(list, {gradients.readout[0].weight.narrow(0, 0, readout_width).contiguous(),
                gradients.readout[0].bias.narrow(0, 0, readout_width).contiguous()});
  append(list, gradients.readout[1]);
  return list;
}

}  // namespace ipip::training
