// SPDX-License-Identifier: MIT
// The last two sweeps: tangents of the first two, which meet in the parameters' gradient. For a
// linear layer y = x W^T + b it is dW = g_dot^T x + g^T x_dot and db = sum g_dot over the rows.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <type_traits>

#include "ipip/error.hpp"
#include "painn_training.hpp"

namespace ipip::training {
namespace {

// Sum over n rows.
template <class T>
at::Tensor column_sums(const T* rows, std::int64_t n, std::int64_t width) {
  at::Tensor sums = at::zeros({width}, std::is_same_v<T, float> ? at::kFloat : at::kDouble);
  T* to = sums.template mutable_data_ptr<T>();
  for (std::int64_t i = 0; i < n; ++i, rows += width) {
    for (std::int64_t c = 0; c < width; ++c) to[c] += rows[c];
  }
  return sums;
}

}  // namespace

// weight += g_dot^T x + g^T x_dot, columns of g and x from `g_at` and `x_at` on.
template <class T>
void PainnTraining<T>::add_outer(at::Tensor& weight, Gradient& g, std::int64_t g_at, Rows& x,
                                 std::int64_t x_at) {
  tangents_.outer(g.stack() + g_at, g.width(), x.stack() + x_at, x.width(), x.stack_rows(),
                  weight.template mutable_data_ptr<T>(), static_cast<int>(weight.size(0)),
                  static_cast<int>(weight.size(1)));
}

template <class T>
LinearWeights PainnTraining<T>::gradient_of(Gradient& g, Rows& x) {
  at::Tensor weight = at::zeros({g.width(), x.width()}, weights_.embedding.options());
  add_outer(weight, g, 0, x, 0);
  return {weight, column_sums(g.tangent(), g.size() / g.width(), g.width())};
}

template <class T>
void PainnTraining<T>::TangentColumns::reserve(std::size_t n) {
  for (cpu::Buffer<T>* column : {&d, &ux, &uy, &uz}) column->reserve(n);
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
  return pack(gradient_, widths_);
}

// lambda_e, as changes of distance and unit vector. Its mirror has the opposite sign.
template <class T>
void PainnTraining<T>::change_pairs(const double* of_forces, const double* of_strain) {
  const std::size_t n = graph_.receivers.size();
  changes_.reserve(n);
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
    changes_.d.data()[e] = static_cast<T>(along);
    changes_.ux.data()[e] = static_cast<T>((lambda[0] - along * r[0] * inverse) * inverse);
    changes_.uy.data()[e] = static_cast<T>((lambda[1] - along * r[1] * inverse) * inverse);
    changes_.uz.data()[e] = static_cast<T>((lambda[2] - along * r[2] * inverse) * inverse);
  }
}

template <class T>
TangentPass<T> PainnTraining<T>::tangent_pass(std::size_t l) {
  Layer& layer = layers_[l];
  TangentPass<T> out;
  out.pairs = lists_.receivers();
  out.tangents = changes_.view();
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
          layer.product.dual(),
          layer.a.dual()};
}

template <class T>
void PainnTraining<T>::forward_tangent(std::size_t l) {
  Layer& layer = layers_[l];
  const std::int64_t F = channels_;
  if (l > 0) {
    layer.to_hidden.forward(layer.states.tangent_from(), nullptr, layer.z.tangent_to(), n_);
    tangents_.silu(layer.z.value(), layer.z.tangent(), layer.z.size(), layer.h.tangent());
    layer.to_messages.forward(layer.h.tangent_from(), nullptr, layer.messages.tangent_to(), n_);
  }
  tangents_.receive(tangent_pass(l), n_, layer.after.tangent());
  for (int axis = 0; axis < 3; ++axis) {
    layer.mix.forward(layer.after.tangent_from((1 + axis) * F), nullptr,
                      layer.mixed.tangent_to(2 * axis * F), n_);
  }
  const UpdateRows<T> rows = update_rows(l);
  tangents_.norms(rows, layer.after.tangent(), layer.q.tangent(), layer.product.tangent());
  layer.to_context.forward(layer.q.tangent_from(), nullptr, layer.z_context.tangent_to(), n_);
  tangents_.silu(layer.z_context.value(), layer.z_context.tangent(), layer.z_context.size(),
                 layer.h_context.tangent());
  layer.to_gains.forward(layer.h_context.tangent_from(), nullptr, layer.a.tangent_to(), n_);
  tangents_.update(rows, layer.after.tangent(),
                   is_last(l) ? final_.tangent() : layers_[l + 1].states.tangent());
}

template <class T>
void PainnTraining<T>::readout_tangent(const double* of_energy) {
  to_readout_.forward(final_.tangent_from(), nullptr, z_readout_.tangent_to(), n_);
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
                         row_seed_.data(), n_, z_readout_.width(), g_z_readout_.tangent(),
                         of_weight.template mutable_data_ptr<T>());
  gradient_.readout[0] = gradient_of(g_z_readout_, final_);
  const at::Tensor of_head =
      of_weight.narrow(0, 0, widths_.readout).div(static_cast<double>(n_heads)).unsqueeze(0);
  gradient_.readout[1] = {
      of_head.expand({n_heads, widths_.readout}).contiguous(),
      at::full({n_heads}, of_bias / static_cast<double>(n_heads), heads.weight.options())};
  to_readout_.backward(g_z_readout_.tangent_from(), layers_.back().g_out.tangent_to(), n_);
}

// From the tangent of g_out to that of g_after.
template <class T>
void PainnTraining<T>::backward_tangent(std::size_t l) {
  Layer& layer = layers_[l];
  const LayerWeights& weights = weights_.layers[l];
  LayerWeights& gradient = gradient_.layers[l];
  const std::int64_t F = channels_;
  const UpdateRows<T> rows = update_rows(l);
  std::copy_n(layer.g_out.tangent(), layer.g_out.size(), layer.g_after.tangent());
  tangents_.back_a(rows, layer.g_out.dual(), layer.g_a.tangent());
  layer.to_gains.backward(layer.g_a.tangent_from(), layer.g_z_context.tangent_to(), n_);
  tangents_.silu_back(layer.z_context.value(), layer.z_context.tangent(), layer.g_h_context.value(),
                      layer.g_z_context.size(), layer.g_z_context.tangent());
  layer.to_context.backward(layer.g_z_context.tangent_from(), layer.g_q.tangent_to(), n_);
  tangents_.back_mixed(rows, layer.g_out.dual(), layer.g_q.dual(), layer.g_after.tangent(),
                       layer.g_mixed.tangent());
  gradient.context[1] = gradient_of(layer.g_a, layer.h_context);
  gradient.context[0] = gradient_of(layer.g_z_context, layer.q);
  gradient.mix.weight = at::zeros_like(weights.mix.weight);
  for (int axis = 0; axis < 3; ++axis) {
    add_outer(gradient.mix.weight, layer.g_mixed, 2 * axis * F, layer.after, (1 + axis) * F);
    layer.mix.backward(layer.g_mixed.tangent_from(2 * axis * F),
                       layer.g_after.tangent_to((1 + axis) * F), n_, !is_last(l));
  }
}

template <class T>
void PainnTraining<T>::backward_messages_tangent(std::size_t l) {
  Layer& layer = layers_[l];
  Layer& below = layers_[l - 1];
  LayerWeights& gradient = gradient_.layers[l];
  tables_.clear(parts(l), layer.table_gradient);
  tangents_.send_back(tangent_pass(l), n_, layer.g_messages.tangent(), below.g_out.tangent(),
                      layer.table_gradient.data());
  layer.to_messages.backward(layer.g_messages.tangent_from(), layer.g_z.tangent_to(), n_);
  tangents_.silu_back(layer.z.value(), layer.z.tangent(), layer.g_h.value(), layer.g_z.size(),
                      layer.g_z.tangent());
  layer.to_hidden.backward(layer.g_z.tangent_from(), below.g_out.tangent_to(), n_, true);
  gradient.message[1] = gradient_of(layer.g_messages, layer.h);
  gradient.message[0] = {at::zeros({channels_, channels_}, weights_.embedding.options()),
                         column_sums(layer.g_z.tangent(), n_, channels_)};
  add_outer(gradient.message[0].weight, layer.g_z, 0, layer.states, 0);
  std::tie(gradient.filter.weight, gradient.filter.bias) =
      tables_.back(layer.table_gradient, parts(l));
}

// Messages of the first layer depend on the species alone and have no tangents.
template <class T>
void PainnTraining<T>::backward_first_messages() {
  Layer& layer = layers_[0];
  LayerWeights& gradient = gradient_.layers[0];
  tables_.clear(parts(0), layer.table_gradient);
  std::fill_n(layer.g_messages.tangent(), layer.g_messages.size(), T(0));
  tangents_.first_back(tangent_pass(0), n_, layer.g_messages.tangent(),
                       layer.table_gradient.data());
  layer.to_messages.backward(layer.g_messages.tangent_from(), layer.g_z.tangent_to(), n_species_);
  kernels_.silu_backward(layer.z.value(), layer.g_z.tangent(), layer.g_z.size());
  const auto outer = [&](const T* g, std::int64_t width, const T* x) {
    at::Tensor weight = at::zeros({width, channels_}, weights_.embedding.options());
    tangents_.outer(g, width, x, channels_, n_species_, weight.template mutable_data_ptr<T>(),
                    static_cast<int>(width), static_cast<int>(channels_));
    return weight;
  };
  gradient.message[1] = {outer(layer.g_messages.tangent(), 3 * channels_, layer.h.value()),
                         column_sums(layer.g_messages.tangent(), n_species_, 3 * channels_)};
  gradient.message[0] = {
      outer(layer.g_z.tangent(), channels_, weights_.embedding.template const_data_ptr<T>()),
      column_sums(layer.g_z.tangent(), n_species_, channels_)};
  gradient_.embedding = at::zeros_like(weights_.embedding);
  T* embedding = gradient_.embedding.template mutable_data_ptr<T>();
  layer.to_hidden.backward(layer.g_z.tangent_from(), {embedding, channels_}, n_species_);
  for (std::int64_t i = 0; i < n_; ++i) {
    const T* from = layer.g_after.tangent() + i * 4 * channels_;
    T* to = embedding + species_[static_cast<std::size_t>(i)] * channels_;
    for (std::int64_t c = 0; c < channels_; ++c) to[c] += from[c];
  }
  std::tie(gradient.filter.weight, gradient.filter.bias) =
      tables_.back(layer.table_gradient, parts(0));
}

template class PainnTraining<float>;
template class PainnTraining<double>;

}  // namespace ipip::training
