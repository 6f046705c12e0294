// SPDX-License-Identifier: MIT
// The first two sweeps: energies, and their gradients on all rows, down to the pairs.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "../fused/zbl.hpp"
#include "ipip/error.hpp"
#include "painn_training.hpp"

namespace ipip::training {
namespace {

template <class T>
const fused::Kernels<T>& kernels_of(const std::string& instruction_set) {
  const fused::Kernels<T>* kernels = fused::find_kernels<T>(instruction_set);
  if (kernels != nullptr) return *kernels;
  throw Error(
      "instruction_set is \"" + instruction_set +
      "\", expected auto or one that this processor runs: " + fused::supported_instruction_sets());
}

// out = x W^T + b.
void affine(at::Tensor out, const at::Tensor& x, const LinearWeights& linear) {
  at::addmm_out(out, linear.bias, x, linear.weight.t());
}

template <class X>
std::vector<X> copied(const at::Tensor& x) {
  const at::Tensor rows = x.contiguous();
  const X* data = rows.template const_data_ptr<X>();
  return {data, data + rows.numel()};
}

}  // namespace

std::unique_ptr<Training> make_training(const Architecture& architecture, std::int64_t channels,
                                        at::ScalarType dtype) {
  if (channels < 16 || channels % 16 != 0) {
    throw Error("the student has " + std::to_string(channels) +
                " channels, expected a multiple of 16");
  }
  if (dtype == at::kDouble) return std::make_unique<PainnTraining<double>>(architecture, channels);
  return std::make_unique<PainnTraining<float>>(architecture, channels);
}

template <class T>
PainnTraining<T>::PainnTraining(const Architecture& architecture, std::int64_t channels)
    : kernels_(kernels_of<T>(architecture.instruction_set)),
      tangents_(training_kernels<T>(kernels_.name)),
      channels_(channels),
      epsilon_(static_cast<T>(architecture.epsilon)),
      tables_(kernels_, architecture.radial, channels, architecture.table_error),
      lists_(kernels_, architecture.radial.cutoff, tables_.pieces(), architecture.layers > 1),
      layers_(static_cast<std::size_t>(architecture.layers)) {}

template <class T>
std::string PainnTraining<T>::description() const {
  char text[96];
  std::snprintf(text, sizeof text, "fused, %s, tables of %lld pieces with error %.1e",
                kernels_.name, static_cast<long long>(tables_.pieces()), tables_.error());
  return text;
}

template <class T>
std::vector<at::Tensor> PainnTraining<T>::evaluate(const std::vector<at::Tensor>& parameters,
                                                   const Frames& frames, const EnergyScale& scale) {
  const at::NoGradGuard no_grad;
  weights_ = unpack(parameters, static_cast<std::int64_t>(layers_.size()));
  readout_width_ = parameters[parameters.size() - 4].size(0);
  n_species_ = weights_.embedding.size(0);
  take(frames, scale);
  reserve();
  at::Tensor energies = at::zeros({n_frames_}, at::kDouble);
  at::Tensor forces = at::zeros({n_, 3}, at::kDouble);
  at::Tensor strain = at::zeros({n_frames_, 3, 3}, at::kDouble);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    tables_.make(weights_.layers[l].filter.weight, weights_.layers[l].filter.bias, parts(l),
                 layers_[l].table);
    forward(l);
  }
  readout(energies.mutable_data_ptr<double>());
  for (std::size_t l = layers_.size(); l-- > 0;) backward(l);
  pair_gradients(energies.mutable_data_ptr<double>(), forces.mutable_data_ptr<double>(),
                 strain.mutable_data_ptr<double>());
  return {energies, forces, strain};
}

template <class T>
void PainnTraining<T>::take(const Frames& frames, const EnergyScale& scale) {
  graph_.species = copied<std::int64_t>(frames.species);
  graph_.receivers = copied<std::int64_t>(frames.edge_index.select(0, 0));
  graph_.neighbours = copied<std::int64_t>(frames.edge_index.select(0, 1));
  graph_.vectors = copied<double>(frames.edge_vec.to(at::kDouble));
  frame_of_atom_ = copied<std::int64_t>(frames.frame_of_atom);
  n_ = graph_.n_local = frames.species.size(0);
  n_frames_ = frames.n_frames;
  species_.assign(graph_.species.begin(), graph_.species.end());
  for (std::size_t i = 0; i < graph_.species.size(); ++i) {
    const std::int64_t z = graph_.species[i], f = frame_of_atom_[i];
    if (z < 0 || z >= n_species_ || f < 0 || f >= n_frames_) {
      throw Error("atom " + std::to_string(i) + " is of species " + std::to_string(z) +
                  " in frame " + std::to_string(f) + ", expected fewer than " +
                  std::to_string(n_species_) + " species and " + std::to_string(n_frames_) +
                  " frames");
    }
  }
  lists_.build(graph_, 1);
  scale_ = copied<double>(scale.scale);
  offset_ = copied<double>(scale.offset);
  has_core_ = !scale.core.empty();
  if (!has_core_) return;
  core_.n_species = n_species_;
  core_.charges = copied<double>(scale.core[0]);
  core_.inverse_length = copied<double>(scale.core[1]);
  core_.reach = copied<double>(scale.core[2]);
}

template <class T>
void PainnTraining<T>::reserve() {
  const std::int64_t F = channels_;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const std::int64_t senders = l == 0 ? n_species_ : n_;
    if (l > 0) layer.states.reserve(n_, 4 * F);
    layer.z.reserve(senders, F);
    layer.h.reserve(senders, F);
    layer.messages.reserve(senders, 3 * F);
    layer.g_messages.reserve(senders, 3 * F);
    layer.g_h.reserve(senders, F);
    layer.g_z.reserve(senders, F);
    layer.after.reserve(n_, 4 * F);
    layer.mixed.reserve(n_, 6 * F);
    layer.q.reserve(n_, 2 * F);
    layer.dot.reserve(n_, F);
    layer.z_context.reserve(n_, F);
    layer.h_context.reserve(n_, F);
    layer.a.reserve(n_, is_last(l) ? 2 * F : 3 * F);
    layer.g_out.reserve(n_, 4 * F);
    layer.g_after.reserve(n_, 4 * F);
    layer.g_a.reserve(n_, layer.a.width());
    layer.g_h_context.reserve(n_, F);
    layer.g_z_context.reserve(n_, F);
    layer.g_q.reserve(n_, 2 * F);
    layer.g_mixed.reserve(n_, 6 * F);
  }
  final_.reserve(n_, F);
  const std::int64_t width = weights_.readout[0].weight.size(0);
  z_readout_.reserve(n_, width);
  g_z_readout_.reserve(n_, width);
  readout_weight_.reserve(static_cast<std::size_t>(width));
  row_scale_.reserve(static_cast<std::size_t>(n_));
  row_seed_.reserve(static_cast<std::size_t>(n_));
  const auto numbers = static_cast<std::size_t>(4 * n_pairs());
  receiver_pairs_.reserve(numbers);
  sender_pairs_.reserve(numbers);
  std::fill_n(sender_pairs_.data(), numbers, T(0));
}

template <class T>
fused::EdgePass<T> PainnTraining<T>::pass(std::size_t l) {
  Layer& layer = layers_[l];
  fused::EdgePass<T> out;
  out.pairs = lists_.receivers();
  out.table = tables_.view(layer.table);
  out.channels = channels_;
  out.first_layer = l == 0;
  out.species = species_.data();
  out.messages = layer.messages.value();
  out.states = l == 0 ? weights_.embedding.template const_data_ptr<T>() : layer.states.value();
  out.gradients = layer.g_after.value();
  return out;
}

template <class T>
void PainnTraining<T>::forward(std::size_t l) {
  Layer& layer = layers_[l];
  const LayerWeights& weights = weights_.layers[l];
  const std::int64_t F = channels_;
  affine(layer.z.values(), l == 0 ? weights_.embedding : layer.states.values(0, F),
         weights.message[0]);
  kernels_.silu(layer.z.value(), layer.h.value(), layer.z.size());
  affine(layer.messages.values(), layer.h.values(), weights.message[1]);
  kernels_.receive(pass(l), 0, n_, layer.after.value());
  for (int x = 0; x < 3; ++x) {
    product(layer.mixed.values(2 * x * F, 2 * F), layer.after.values((1 + x) * F, F),
            weights.mix.weight.t());
  }
  kernels_.norms(layer.after.value(), layer.mixed.value(), n_, F, epsilon_, layer.q.value(),
                 layer.dot.value());
  affine(layer.z_context.values(), layer.q.values(), weights.context[0]);
  kernels_.silu(layer.z_context.value(), layer.h_context.value(), layer.z_context.size());
  affine(layer.a.values(), layer.h_context.values(), weights.context[1]);
  kernels_.update(layer.after.value(), layer.mixed.value(), layer.a.value(), layer.dot.value(), n_,
                  F, !is_last(l), is_last(l) ? final_.value() : layers_[l + 1].states.value());
}

// Energies, and dE/d(final scalars).
template <class T>
void PainnTraining<T>::readout(double* energies) {
  const at::Tensor head = weights_.readout[1].weight.mean(0);
  std::fill_n(readout_weight_.data(), z_readout_.width(), T(0));
  std::copy_n(head.template const_data_ptr<T>(), readout_width_, readout_weight_.data());
  const double shift = weights_.readout[1].bias.mean().template item<double>();
  affine(z_readout_.values(), final_.values(), weights_.readout[0]);
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
  Layer& last = layers_.back();
  product(last.g_out.values(0, channels_), g_z_readout_.values(), weights_.readout[0].weight);
}

// From g_out of this layer to that of the layer below, and to (dE/dd, dE/du) of the pairs.
template <class T>
void PainnTraining<T>::backward(std::size_t l) {
  Layer& layer = layers_[l];
  const LayerWeights& weights = weights_.layers[l];
  const std::int64_t F = channels_;
  const bool vectors = !is_last(l);
  std::copy_n(layer.g_out.value(), layer.g_out.size(), layer.g_after.value());
  kernels_.update_back_a(layer.g_after.value(), layer.mixed.value(), n_, F, vectors,
                         layer.g_a.value());
  product(layer.g_h_context.values(), layer.g_a.values(), weights.context[1].weight);
  std::copy_n(layer.g_h_context.value(), layer.g_h_context.size(), layer.g_z_context.value());
  kernels_.silu_backward(layer.z_context.value(), layer.g_z_context.value(),
                         layer.g_z_context.size());
  product(layer.g_q.values(), layer.g_z_context.values(), weights.context[0].weight);
  kernels_.update_back_mixed(layer.a.value(), layer.mixed.value(), layer.g_q.value(), n_, F,
                             epsilon_, vectors, layer.g_after.value(), layer.g_mixed.value());
  for (int x = 0; x < 3; ++x) {
    product(layer.g_after.values((1 + x) * F, F), layer.g_mixed.values(2 * x * F, 2 * F),
            weights.mix.weight, vectors);
  }
  if (l == 0) return;
  fused::EdgePass<T> sent = pass(l);
  sent.pairs = lists_.senders();
  Layer& below = layers_[l - 1];
  kernels_.send_back(sent, 0, n_, n_, layer.g_messages.value(), below.g_out.value(),
                     sender_pairs_.data());
  product(layer.g_h.values(), layer.g_messages.values(), weights.message[1].weight);
  std::copy_n(layer.g_h.value(), layer.g_h.size(), layer.g_z.value());
  kernels_.silu_backward(layer.z.value(), layer.g_z.value(), layer.g_z.size());
  product(below.g_out.values(0, F), layer.g_z.values(), weights.message[0].weight, true);
}

// Forces and strain from dE/dr = dE/dd u + (dE/du - u (u.dE/du)) / d, first layer and core
// included.
template <class T>
void PainnTraining<T>::pair_gradients(double* energies, double* forces, double* strain) {
  T* pairs = receiver_pairs_.data();
  for (std::int64_t e = 0; e < n_pairs(); ++e) {
    for (int c = 0; c < 4; ++c) {
      pairs[4 * e + c] = layers_.size() > 1
                             ? sender_pairs_.data()[4 * std::int64_t(lists_.sender_place()[e]) + c]
                             : T(0);
    }
  }
  kernels_.first_back(pass(0), 0, n_, pairs);
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
      energies[f] += fused::zbl_pair(core_, static_cast<std::size_t>(species_[i]),
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
