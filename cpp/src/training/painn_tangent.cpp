// SPDX-License-Identifier: MIT
// The last two sweeps: tangents of the first two, which meet in the parameters' gradient. For a
// linear layer y = x W^T + b it is dW = g_dot^T x + g^T x_dot and db = sum g_dot over the rows.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "ipip/error.hpp"
#include "painn_training.hpp"

namespace ipip::training {
namespace {

template <class T>
LinearWeights gradient_of(Twin<T, true>& g, Twin<T>& x) {
  return {at::mm(g.stack().t(), x.stack()), g.dots().sum(0)};
}

}  // namespace

template <class T>
void PainnTraining<T>::TangentColumns::reserve(std::size_t n) {
  for (fused::Buffer<T>* column : {&d, &ux, &uy, &uz}) column->reserve(n);
}

template <class T>
std::vector<at::Tensor> PainnTraining<T>::gradients(const at::Tensor& of_energy,
                                                    const at::Tensor& of_forces,
                                                    const at::Tensor& of_strain) {
  const at::NoGradGuard no_grad;
  const at::Tensor energy = of_energy.to(at::kDouble).contiguous();
  const at::Tensor forces = of_forces.to(at::kDouble).contiguous();
  const at::Tensor strain = of_strain.to(at::kDouble).contiguous();
  if (energy.numel() != n_frames_ || forces.numel() != 3 * n_ || strain.numel() != 9 * n_frames_) {
    throw Error("gradients of energies, forces and strain derivatives do not fit the frames");
  }
  change_pairs(forces.const_data_ptr<double>(), strain.const_data_ptr<double>());
  gradient_ = {};
  gradient_.layers.resize(layers_.size());
  for (std::size_t l = 0; l < layers_.size(); ++l) forward_tangent(l);
  readout_tangent(energy.const_data_ptr<double>());
  for (std::size_t l = layers_.size(); l-- > 0;) {
    backward_tangent(l);
    if (l > 0) {
      backward_messages_tangent(l);
    } else {
      backward_first_messages();
    }
  }
  return pack(gradient_, readout_width_);
}

// lambda_e, as changes of distance and unit vector, in both orders of the pairs.
template <class T>
void PainnTraining<T>::change_pairs(const double* of_forces, const double* of_strain) {
  const std::size_t n = graph_.receivers.size();
  const bool by_sender = layers_.size() > 1;
  receiver_tangents_.reserve(n);
  if (by_sender) sender_tangents_.reserve(n);
  for (std::size_t e = 0; e < n; ++e) {
    const auto i = static_cast<std::size_t>(graph_.receivers[e]);
    const auto j = static_cast<std::size_t>(graph_.neighbours[e]);
    const double* per_strain = of_strain + 9 * frame_of_atom_[i];
    const double* r = &graph_.vectors[3 * e];
    const double inverse = 1.0 / std::sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2] + 1e-24);
    double lambda[3], along = 0.0;
    for (std::size_t b = 0; b < 3; ++b) {
      lambda[b] = of_forces[3 * i + b] - of_forces[3 * j + b];
      for (std::size_t a = 0; a < 3; ++a) lambda[b] += per_strain[3 * a + b] * r[a];
      along += lambda[b] * r[b] * inverse;
    }
    const auto put = [&](TangentColumns& columns, std::size_t place) {
      columns.d.data()[place] = static_cast<T>(along);
      columns.ux.data()[place] = static_cast<T>((lambda[0] - along * r[0] * inverse) * inverse);
      columns.uy.data()[place] = static_cast<T>((lambda[1] - along * r[1] * inverse) * inverse);
      columns.uz.data()[place] = static_cast<T>((lambda[2] - along * r[2] * inverse) * inverse);
    };
    put(receiver_tangents_, e);
    if (by_sender) put(sender_tangents_, static_cast<std::size_t>(lists_.sender_place()[e]));
  }
}

template <class T>
TangentPass<T> PainnTraining<T>::tangent_pass(std::size_t l) {
  Layer& layer = layers_[l];
  TangentPass<T> out;
  out.pairs = lists_.receivers();
  out.tangents = receiver_tangents_.view();
  out.table = tables_.view(layer.table);
  out.channels = channels_;
  out.first_layer = l == 0;
  out.species = species_.data();
  out.messages = layer.messages.dual();
  if (l > 0) out.states = layer.states.dual();
  out.gradients = layer.g_after.dual();
  return out;
}

template <class T>
UpdateRows<T> PainnTraining<T>::update_rows(std::size_t l) {
  Layer& layer = layers_[l];
  return {n_,
          channels_,
          !is_last(l),
          layer.mixed.dual(),
          layer.q.dual(),
          layer.dot.dual(),
          layer.a.dual()};
}

template <class T>
void PainnTraining<T>::forward_tangent(std::size_t l) {
  Layer& layer = layers_[l];
  const LayerWeights& weights = weights_.layers[l];
  const std::int64_t F = channels_;
  if (l > 0) {
    product(layer.z.dots(), layer.states.dots(0, F), weights.message[0].weight.t());
    tangents_.silu(layer.z.value(), layer.z.dot(), layer.z.size(), layer.h.dot());
    product(layer.messages.dots(), layer.h.dots(), weights.message[1].weight.t());
  }
  tangents_.receive(tangent_pass(l), n_, layer.after.dot());
  for (int x = 0; x < 3; ++x) {
    product(layer.mixed.dots(2 * x * F, 2 * F), layer.after.dots((1 + x) * F, F),
            weights.mix.weight.t());
  }
  const UpdateRows<T> rows = update_rows(l);
  tangents_.norms(rows, layer.after.dot(), layer.q.dot(), layer.dot.dot());
  product(layer.z_context.dots(), layer.q.dots(), weights.context[0].weight.t());
  tangents_.silu(layer.z_context.value(), layer.z_context.dot(), layer.z_context.size(),
                 layer.h_context.dot());
  product(layer.a.dots(), layer.h_context.dots(), weights.context[1].weight.t());
  tangents_.update(rows, layer.after.dot(),
                   is_last(l) ? final_.dot() : layers_[l + 1].states.dot());
}

template <class T>
void PainnTraining<T>::readout_tangent(const double* of_energy) {
  product(z_readout_.dots(), final_.dots(), weights_.readout[0].weight.t());
  double of_bias = 0.0;
  for (std::int64_t i = 0; i < n_; ++i) {
    const double seed = of_energy[frame_of_atom_[static_cast<std::size_t>(i)]];
    row_seed_.data()[i] = static_cast<T>(seed);
    of_bias += seed * scale_[static_cast<std::size_t>(species_[static_cast<std::size_t>(i)])];
  }
  const LinearWeights& heads = weights_.readout[1];
  const std::int64_t n_heads = heads.weight.size(0);
  at::Tensor of_weight = at::zeros({z_readout_.width()}, heads.weight.options());
  tangents_.readout_back(z_readout_.dual(), readout_weight_.data(), row_scale_.data(),
                         row_seed_.data(), n_, z_readout_.width(), g_z_readout_.dot(),
                         of_weight.template mutable_data_ptr<T>());
  gradient_.readout[0] = gradient_of(g_z_readout_, final_);
  const at::Tensor of_head =
      of_weight.narrow(0, 0, readout_width_).div(static_cast<double>(n_heads)).unsqueeze(0);
  gradient_.readout[1] = {
      of_head.expand({n_heads, readout_width_}).contiguous(),
      at::full({n_heads}, of_bias / static_cast<double>(n_heads), heads.weight.options())};
  product(layers_.back().g_out.dots(0, channels_), g_z_readout_.dots(), weights_.readout[0].weight);
}

// From the tangent of g_out to that of g_after.
template <class T>
void PainnTraining<T>::backward_tangent(std::size_t l) {
  Layer& layer = layers_[l];
  const LayerWeights& weights = weights_.layers[l];
  LayerWeights& gradient = gradient_.layers[l];
  const std::int64_t F = channels_;
  const UpdateRows<T> rows = update_rows(l);
  std::copy_n(layer.g_out.dot(), layer.g_out.size(), layer.g_after.dot());
  tangents_.back_a(rows, layer.g_out.dual(), layer.g_a.dot());
  product(layer.g_z_context.dots(), layer.g_a.dots(), weights.context[1].weight);
  tangents_.silu_back(layer.z_context.value(), layer.z_context.dot(), layer.g_h_context.value(),
                      layer.g_z_context.size(), layer.g_z_context.dot());
  product(layer.g_q.dots(), layer.g_z_context.dots(), weights.context[0].weight);
  tangents_.back_mixed(rows, layer.g_out.dual(), layer.g_q.dual(), layer.g_after.dot(),
                       layer.g_mixed.dot());
  gradient.context[1] = gradient_of(layer.g_a, layer.h_context);
  gradient.context[0] = gradient_of(layer.g_z_context, layer.q);
  gradient.mix.weight = at::zeros_like(weights.mix.weight);
  for (int x = 0; x < 3; ++x) {
    product(gradient.mix.weight, layer.g_mixed.stack(2 * x * F, 2 * F).t(),
            layer.after.stack((1 + x) * F, F), true);
    product(layer.g_after.dots((1 + x) * F, F), layer.g_mixed.dots(2 * x * F, 2 * F),
            weights.mix.weight, !is_last(l));
  }
}

template <class T>
void PainnTraining<T>::backward_messages_tangent(std::size_t l) {
  Layer& layer = layers_[l];
  Layer& below = layers_[l - 1];
  const LayerWeights& weights = weights_.layers[l];
  LayerWeights& gradient = gradient_.layers[l];
  TangentPass<T> sent = tangent_pass(l);
  sent.pairs = lists_.senders();
  sent.tangents = sender_tangents_.view();
  tables_.clear(parts(l), layer.table_gradient);
  tangents_.send_back(sent, n_, layer.g_messages.dot(), below.g_out.dot(),
                      layer.table_gradient.data());
  product(layer.g_z.dots(), layer.g_messages.dots(), weights.message[1].weight);
  tangents_.silu_back(layer.z.value(), layer.z.dot(), layer.g_h.value(), layer.g_z.size(),
                      layer.g_z.dot());
  product(below.g_out.dots(0, channels_), layer.g_z.dots(), weights.message[0].weight, true);
  gradient.message[1] = gradient_of(layer.g_messages, layer.h);
  gradient.message[0].weight = at::mm(layer.g_z.stack().t(), layer.states.stack(0, channels_));
  gradient.message[0].bias = layer.g_z.dots().sum(0);
  std::tie(gradient.filter.weight, gradient.filter.bias) =
      tables_.back(layer.table_gradient, parts(l));
}

// Messages of the first layer depend on the species alone and have no tangents.
template <class T>
void PainnTraining<T>::backward_first_messages() {
  Layer& layer = layers_[0];
  const LayerWeights& weights = weights_.layers[0];
  LayerWeights& gradient = gradient_.layers[0];
  tables_.clear(parts(0), layer.table_gradient);
  std::fill_n(layer.g_messages.dot(), layer.g_messages.size(), T(0));
  tangents_.first_back(tangent_pass(0), n_, layer.g_messages.dot(), layer.table_gradient.data());
  product(layer.g_z.dots(), layer.g_messages.dots(), weights.message[1].weight);
  kernels_.silu_backward(layer.z.value(), layer.g_z.dot(), layer.g_z.size());
  gradient.message[1] = {at::mm(layer.g_messages.dots().t(), layer.h.values()),
                         layer.g_messages.dots().sum(0)};
  gradient.message[0] = {at::mm(layer.g_z.dots().t(), weights_.embedding), layer.g_z.dots().sum(0)};
  gradient_.embedding = at::mm(layer.g_z.dots(), weights.message[0].weight);
  T* embedding = gradient_.embedding.template mutable_data_ptr<T>();
  for (std::int64_t i = 0; i < n_; ++i) {
    const T* from = layer.g_after.dot() + i * 4 * channels_;
    T* to = embedding + species_[static_cast<std::size_t>(i)] * channels_;
    for (std::int64_t c = 0; c < channels_; ++c) to[c] += from[c];
  }
  std::tie(gradient.filter.weight, gradient.filter.bias) =
      tables_.back(layer.table_gradient, parts(0));
}

template class PainnTraining<float>;
template class PainnTraining<double>;

}  // namespace ipip::training
