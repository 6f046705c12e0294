// SPDX-License-Identifier: MIT
// What the sweeps work on, and their order.
#include "painn_training.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstdio>

#include "../inference/packing.hpp"
#include "../isa/instruction_sets.hpp"
#include "ipip/error.hpp"

namespace ipip::training {
namespace {

template <class T>
const cpu::Kernels<T>& kernels_of(const std::string& instruction_set) {
  const cpu::Kernels<T>* kernels = cpu::find_kernels<T>(instruction_set);
  if (kernels != nullptr) return *kernels;
  throw Error(
      "instruction_set is \"" + instruction_set +
      "\", expected auto or one that this processor runs: " + cpu::supported_instruction_sets());
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
  const std::int64_t wide = cpu::padded(channels);
  if (dtype == at::kDouble) return std::make_unique<PainnTraining<double>>(architecture, wide);
  return std::make_unique<PainnTraining<float>>(architecture, wide);
}

template <class T>
PainnTraining<T>::PainnTraining(const Architecture& architecture, std::int64_t channels)
    : kernels_(kernels_of<T>(architecture.instruction_set)),
      tangents_(training_kernels<T>(kernels_.name)),
      channels_(channels),
      epsilon_(static_cast<T>(architecture.epsilon)),
      tables_(kernels_, architecture.radial, channels, architecture.table_error),
      lists_(kernels_, architecture.radial.cutoff, tables_.pieces()),
      layers_(static_cast<std::size_t>(architecture.layers)) {}

template <class T>
std::string PainnTraining<T>::description() const {
  char text[96];
  std::snprintf(text, sizeof text, "kernels, %s, tables of %lld pieces with error %.1e",
                kernels_.name, static_cast<long long>(tables_.pieces()), tables_.error());
  return text;
}

template <class T>
std::vector<at::Tensor> PainnTraining<T>::evaluate(const std::vector<at::Tensor>& parameters,
                                                   const Frames& frames, const EnergyScale& scale) {
  const at::NoGradGuard no_grad;
  take_weights(parameters);
  take(frames, scale);
  reserve();
  at::Tensor energies = at::zeros({n_frames_}, at::kDouble);
  at::Tensor forces = at::zeros({n_, 3}, at::kDouble);
  at::Tensor strain = at::zeros({n_frames_, 3, 3}, at::kDouble);
  for (std::size_t l = 0; l < layers_.size(); ++l) forward(l);
  readout(energies.mutable_data_ptr<double>());
  for (std::size_t l = layers_.size(); l-- > 0;) backward(l);
  pair_gradients(energies.mutable_data_ptr<double>(), forces.mutable_data_ptr<double>(),
                 strain.mutable_data_ptr<double>());
  return {energies, forces, strain};
}

template <class T>
void PainnTraining<T>::take_weights(const std::vector<at::Tensor>& parameters) {
  weights_ = unpack(parameters, static_cast<std::int64_t>(layers_.size()));
  widths_ = {parameters.front().size(1), parameters[parameters.size() - 4].size(0)};
  n_species_ = weights_.embedding.size(0);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const LayerWeights& weights = weights_.layers[l];
    Layer& layer = layers_[l];
    tables_.make(weights.filter.weight, weights.filter.bias, parts(l), layer.table);
    layer.to_hidden.pack(kernels_, weights.message[0].weight);
    layer.to_messages.pack(kernels_, weights.message[1].weight);
    layer.mix.pack(kernels_, weights.mix.weight);
    layer.to_context.pack(kernels_, weights.context[0].weight);
    layer.to_gains.pack(kernels_, weights.context[1].weight);
  }
  to_readout_.pack(kernels_, weights_.readout[0].weight);
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
    layer.product.reserve(n_, F);
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
  pairs_.reserve(numbers);
  std::fill_n(pairs_.data(), numbers, T(0));
}

template class PainnTraining<float>;
template class PainnTraining<double>;

}  // namespace ipip::training
