// SPDX-License-Identifier: MIT
// The first two sweeps: energies, and their gradients on all rows, down to the pairs.
#include <algorithm>
#include <cmath>

#include "model/zbl.hpp"
#include "painn_training.hpp"

namespace ipip::training {
namespace {

template <class T>
const T* numbers(const at::Tensor& x) {
  return x.template const_data_ptr<T>();
}

}  // namespace

template <class T>
cpu::EdgePass<T> PainnTraining<T>::pass(std::size_t l) {
  Layer& layer = layers_[l];
  cpu::EdgePass<T> out;
  out.pairs = lists_.receivers();
  out.table = tables_.view(layer.table);
  out.channels = channels_;
  out.first_layer = l == 0;
  out.species = species_.data();
  out.messages = layer.messages.value();
  out.message_pitch = 3 * channels_;
  out.scalars = l == 0 ? weights_.embedding.template const_data_ptr<T>() : layer.states.value();
  out.scalar_pitch = l == 0 ? channels_ : 4 * channels_;
  out.vectors = l == 0 ? nullptr : layer.states.value() + channels_;
  out.vector_pitch = 4 * channels_;
  out.gradients = layer.g_after.value();
  return out;
}

template <class T>
void PainnTraining<T>::forward(std::size_t l) {
  Layer& layer = layers_[l];
  const LayerWeights& weights = weights_.layers[l];
  const std::int64_t F = channels_;
  const std::int64_t senders = l == 0 ? n_species_ : n_;
  const RowsAt<const T> sending =
      l == 0 ? RowsAt<const T>{numbers<T>(weights_.embedding), F} : layer.states.value_from();
  layer.to_hidden.forward(sending, numbers<T>(weights.message[0].bias), layer.z.value_to(),
                          senders);
  kernels_.silu(layer.z.value(), layer.h.value(), layer.z.size());
  layer.to_messages.forward(layer.h.value_from(), numbers<T>(weights.message[1].bias),
                            layer.messages.value_to(), senders);
  kernels_.receive(pass(l), 0, n_, layer.after.value());
  for (int axis = 0; axis < 3; ++axis) {
    layer.mix.forward(layer.after.value_from((1 + axis) * F), nullptr,
                      layer.mixed.value_to(2 * axis * F), n_);
  }
  kernels_.norms(layer.after.value(), layer.mixed.value(), n_, F, epsilon_, layer.q.value(),
                 layer.product.value());
  layer.to_context.forward(layer.q.value_from(), numbers<T>(weights.context[0].bias),
                           layer.z_context.value_to(), n_);
  kernels_.silu(layer.z_context.value(), layer.h_context.value(), layer.z_context.size());
  layer.to_gains.forward(layer.h_context.value_from(), numbers<T>(weights.context[1].bias),
                         layer.a.value_to(), n_);
  T* const next = is_last(l) ? final_.value() : layers_[l + 1].states.value();
  kernels_.update(layer.after.value(), layer.mixed.value(), layer.a.value(), layer.product.value(),
                  n_, F, next, is_last(l) ? F : 4 * F, is_last(l) ? nullptr : next + F, 4 * F);
}

// Energies, and dE/d(final scalars).
template <class T>
void PainnTraining<T>::readout(double* energies) {
  const at::Tensor head = weights_.readout[1].weight.mean(0);
  std::fill_n(readout_weight_.data(), z_readout_.width(), T(0));
  std::copy_n(head.template const_data_ptr<T>(), widths_.readout, readout_weight_.data());
  const double shift = weights_.readout[1].bias.mean().template item<double>();
  to_readout_.forward(final_.value_from(), numbers<T>(weights_.readout[0].bias),
                      z_readout_.value_to(), n_);
  std::copy_n(z_readout_.value(), z_readout_.size(), g_z_readout_.value());
  for (std::int64_t i = 0; i < n_; ++i) {
    row_scale_.data()[i] = static_cast<T>(scale_[static_cast<std::size_t>(species_[i])]);
  }
  std::vector<double> net(static_cast<std::size_t>(n_));
  kernels_.readout(g_z_readout_.value(), readout_weight_.data(), row_scale_.data(), n_,
                   z_readout_.width(), net.data());
  for (std::size_t i = 0; i < net.size(); ++i) {
    const auto z = static_cast<std::size_t>(species_[i]);
    energies[frame_of_atom_[i]] += offset_[z] + scale_[z] * (net[i] + shift);
  }
  to_readout_.backward(g_z_readout_.value_from(), layers_.back().g_out.value_to(), n_);
}

// From g_out of this layer to that of the layer below, and to (dE/dd, dE/du) of the pairs.
template <class T>
void PainnTraining<T>::backward(std::size_t l) {
  Layer& layer = layers_[l];
  const std::int64_t F = channels_;
  const bool vectors = !is_last(l);
  std::copy_n(layer.g_out.value(), layer.g_out.size(), layer.g_after.value());
  kernels_.update_back_a(layer.g_after.value(), layer.mixed.value(), n_, F, vectors,
                         layer.g_a.value());
  layer.to_gains.backward(layer.g_a.value_from(), layer.g_h_context.value_to(), n_);
  std::copy_n(layer.g_h_context.value(), layer.g_h_context.size(), layer.g_z_context.value());
  kernels_.silu_backward(layer.z_context.value(), layer.g_z_context.value(),
                         layer.g_z_context.size());
  layer.to_context.backward(layer.g_z_context.value_from(), layer.g_q.value_to(), n_);
  kernels_.update_back_mixed(layer.a.value(), layer.mixed.value(), layer.g_q.value(), n_, F,
                             epsilon_, vectors, true, layer.g_after.value(), layer.g_mixed.value());
  for (int axis = 0; axis < 3; ++axis) {
    layer.mix.backward(layer.g_mixed.value_from(2 * axis * F),
                       layer.g_after.value_to((1 + axis) * F), n_, vectors);
  }
  if (l == 0) return;
  Layer& below = layers_[l - 1];
  kernels_.send_back(pass(l), 0, n_, layer.g_messages.value(), below.g_out.value(), pairs_.data());
  layer.to_messages.backward(layer.g_messages.value_from(), layer.g_h.value_to(), n_);
  std::copy_n(layer.g_h.value(), layer.g_h.size(), layer.g_z.value());
  kernels_.silu_backward(layer.z.value(), layer.g_z.value(), layer.g_z.size());
  layer.to_hidden.backward(layer.g_z.value_from(), below.g_out.value_to(), n_, true);
}

// Forces and strain from dE/dr = dE/dd u + (dE/du - u (u.dE/du)) / d, first layer and core
// included.
template <class T>
void PainnTraining<T>::pair_gradients(double* energies, double* forces, double* strain) {
  T* pairs = pairs_.data();
  kernels_.first_back(pass(0), 0, n_, layers_[0].g_after.value(), pairs);
  for (std::size_t e = 0; e < graph_.receivers.size(); ++e, pairs += 4) {
    const auto i = static_cast<std::size_t>(graph_.receivers[e]);
    const auto j = static_cast<std::size_t>(graph_.neighbours[e]);
    const auto f = static_cast<std::size_t>(frame_of_atom_[i]);
    const double* r = &graph_.vectors[3 * e];
    const double d = std::sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2] + 1e-24);
    const double u[3] = {r[0] / d, r[1] / d, r[2] / d};
    const double gu[3] = {double(pairs[1]), double(pairs[2]), double(pairs[3])};
    double along = pairs[0] - (u[0] * gu[0] + u[1] * gu[1] + u[2] * gu[2]) / d;
    if (has_core_) {
      double slope = 0.0;
      energies[f] += zbl_pair(core_, static_cast<std::size_t>(species_[i]),
                              static_cast<std::size_t>(species_[j]), d, slope);
      along += slope;
    }
    for (std::size_t b = 0; b < 3; ++b) {
      const double g = along * u[b] + gu[b] / d;
      forces[3 * i + b] += g;
      forces[3 * j + b] -= g;
      for (std::size_t a = 0; a < 3; ++a) strain[9 * f + 3 * a + b] += r[a] * g;
    }
  }
}

template class PainnTraining<float>;
template class PainnTraining<double>;

}  // namespace ipip::training
