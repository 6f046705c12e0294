// SPDX-License-Identifier: MIT
// The last two sweeps: tangents of the first two, which meet in the gradient of the weights.
//
// x: axis.
#include <algorithm>

#include "model/spline.hpp"
#include "painn_training.hpp"

namespace ipip::cuda {
namespace {

// A warp takes that many pairs of a piece, or more where slices end.
constexpr std::int64_t kPairsPerWarp = 16;
constexpr std::int64_t kMostTableSlices = 16;

}  // namespace

template <class T>
TangentRows<T> PainnTraining<T>::tangent_rows(std::size_t l) const {
  const Layer& layer = layers_[l];
  TangentRows<T> rows;
  rows.n_rows = n_;
  rows.channels = channels_;
  rows.pairs = pairs();
  rows.changes = changes_.array();
  rows.table = table(layer.table);
  rows.species = indices_.species.array();
  rows.sent = layer.sent.dual();
  rows.gradients = layer.g_after.dual();
  return rows;
}

template <class T>
void PainnTraining<T>::forward_tangent(std::size_t l) {
  Layer& layer = layers_[l];
  const PackedLayer& weights = layout_.layers[l];
  const int F = channels_;
  if (l > 0) {
    multiply(layer.scalars.tangents(), weights.message[0], layer.z.tangents(), n_, false);
    activate(layer.z, layer.h, n_, true);
    multiply(layer.h.tangents(), weights.message[1], layer.sent.tangents(), n_, false);
  }
  const auto receive = [&](auto kernel) {
    kernel.rows = tangent_rows(l);
    if (l > 0) kernel.scalars = layer.scalars.tangent.array();
    kernel.states = layer.after.tangent.array();
    launch(kernel);
  };
  l == 0 ? receive(ReceiveTangents<T, true>()) : receive(ReceiveTangents<T, false>());
  for (int x = 0; x < 3; ++x) {
    multiply(layer.after.tangents((1 + x) * F), weights.mix, layer.mixed.tangents(2 * x * F), n_,
             false);
  }
  launch(nodes<TakeNormTangents<T>>(l));
  multiply(layer.q.tangents(), weights.context[0], layer.z_context.tangents(), n_, false);
  activate(layer.z_context, layer.h_context, n_, true);
  multiply(layer.h_context.tangents(), weights.context[1], layer.a.tangents(), n_, false);
  NextStateTangents<T> next = nodes<NextStateTangents<T>>(l);
  next.scalars = is_last(l) ? final_.tangent.array() : layers_[l + 1].scalars.tangent.array();
  if (!is_last(l)) next.sent = layers_[l + 1].sent.tangent.array();
  launch(next);
}

template <class T>
void PainnTraining<T>::readout_tangent() {
  multiply(final_.tangents(), layout_.readout_layer, z_readout_.tangents(), n_, false);
  ReadoutBack<T> kernel;
  kernel.n_rows = n_;
  kernel.width = layout_.readout;
  kernel.pitch = layout_.readout + 4;
  shares_.resize(n_ * kernel.pitch);
  kernel.species = indices_.species.array();
  kernel.frames = indices_.frames.array();
  kernel.scale = scale_.array();
  kernel.of_energy = of_energy_.array();
  kernel.weights = weights_.array();
  kernel.weight_at = layout_.head;
  kernel.z = z_readout_.dual();
  kernel.z_g = g_z_readout_.tangent.array();
  kernel.shares = shares_.array();
  launch(kernel);
  column_sums({shares_.array(), kernel.pitch, 0}, kernel.pitch, n_, gradients_.array(),
              layout_.head_gradient);
  gradient_of(layout_.readout_layer, g_z_readout_, final_);
  multiply_back(g_z_readout_.tangents(), layout_.readout_layer, layers_.back().g_out.tangents(),
                n_);
}

// From the tangent of g_out to that of g_after.
template <class T>
void PainnTraining<T>::backward_tangent(std::size_t l) {
  Layer& layer = layers_[l];
  const PackedLayer& weights = layout_.layers[l];
  const int F = channels_;
  GainGradientTangents<T> gains = nodes<GainGradientTangents<T>>(l);
  gains.g = layer.g_out.dual();
  gains.a_g = layer.g_a.tangent.array();
  launch(gains);
  multiply_back(layer.g_a.tangents(), weights.context[1], layer.g_h_context.tangents(), n_);
  activate_back(layer.z_context, layer.g_h_context, layer.g_z_context, n_, true);
  multiply_back(layer.g_z_context.tangents(), weights.context[0], layer.g_q.tangents(), n_);
  MixedGradientTangents<T> mixed = nodes<MixedGradientTangents<T>>(l);
  mixed.g = layer.g_out.dual();
  mixed.q_g = layer.g_q.dual();
  mixed.after_g = layer.g_after.tangent.array();
  mixed.mixed_g = layer.g_mixed.tangent.array();
  launch(mixed);
  for (int x = 0; x < 3; ++x) {
    multiply_back(layer.g_mixed.tangents(2 * x * F), weights.mix,
                  layer.g_after.tangents((1 + x) * F), n_,
                  is_last(l) ? Columns<T>() : layer.g_out.tangents((1 + x) * F));
  }
  gradient_of(weights.context[1], layer.g_a, layer.h_context);
  gradient_of(weights.context[0], layer.g_z_context, layer.q);
  for (int x = 0; x < 3; ++x) {
    const std::int64_t g = 2 * x * F, v = (1 + x) * F;
    outer({layer.g_mixed.tangents(g), layer.g_mixed.values(g)},
          {layer.after.values(v), layer.after.tangents(v)}, weights.mix, n_, x > 0);
  }
}

template <class T>
void PainnTraining<T>::backward_messages_tangent(std::size_t l) {
  Layer& layer = layers_[l];
  Layer& below = layers_[l - 1];
  const PackedLayer& weights = layout_.layers[l];
  SendBackTangents<T, false> back;
  back.rows = tangent_rows(l);
  back.message_gradients = layer.g_messages.tangent.array();
  back.state_gradients = below.g_out.tangent.array();
  launch(back);
  table_gradient<false>(l);
  multiply_back(layer.g_messages.tangents(), weights.message[1], layer.g_h.tangents(), n_);
  activate_back(layer.z, layer.g_h, layer.g_z, n_, true);
  multiply_back(layer.g_z.tangents(), weights.message[0], below.g_out.tangents(), n_,
                below.g_out.tangents());
  gradient_of(weights.message[1], layer.g_messages, layer.h);
  gradient_of(weights.message[0], layer.g_z, layer.scalars);
}

// Messages of the first layer depend on the species alone and have no tangents. What they receive
// is gathered by atoms, and then by species.
template <class T>
void PainnTraining<T>::backward_first_messages() {
  Layer& layer = layers_[0];
  const PackedLayer& weights = layout_.layers[0];
  const int F = channels_;
  first_messages_.resize(n_ * 3 * F);
  SendBackTangents<T, true> back;
  back.rows = tangent_rows(0);
  back.message_gradients = first_messages_.array();
  launch(back);
  table_gradient<true>(0);
  species_sums({first_messages_.array(), 3 * F, 0}, 3 * F, layer.g_messages.tangent.array(), 0);
  multiply_back(layer.g_messages.tangents(), weights.message[1], layer.g_h.tangents(), n_species_);
  ActivateBack<T> activate;
  activate.n_rows = n_species_;
  activate.channels = F;
  activate.z = layer.z.dual();
  activate.g.value = layer.g_h.tangent.array();
  activate.out = layer.g_z.tangent.array();
  launch(activate);
  const Columns<T> embedding{weights_.array(), F, 0}, to_embedding{gradients_.array(), F, 0};
  first_gradient(weights.message[1], layer.g_messages.tangents(), layer.h.values());
  first_gradient(weights.message[0], layer.g_z.tangents(), embedding);
  species_sums(layer.g_after.tangents(), F, gradients_.array(), 0);
  multiply_back(layer.g_z.tangents(), weights.message[0], to_embedding, n_species_, to_embedding);
}

template <class T>
template <bool first>
void PainnTraining<T>::table_gradient(std::size_t l) {
  TableSlices<T, first> slices;
  slices.rows = tangent_rows(l);
  slices.pieces = static_cast<int>(pieces_);
  slices.n_slices = static_cast<int>(
      std::clamp<std::int64_t>(n_pairs_ / (pieces_ * kPairsPerWarp) + 1, 1, kMostTableSlices));
  slices.receivers = indices_.receivers.array();
  slices.piece_first = indices_.piece_first.array();
  slices.piece_pairs = indices_.piece_pairs.array();
  slices_.resize(slices.warps() * kSplineWeights * parts(l) * kLanes);
  slices.sums = slices_.array();
  launch(slices);
  TableGradient<T> sum;
  sum.pieces = slices.pieces;
  sum.n_slices = slices.n_slices;
  sum.parts = parts(l);
  sum.channels = channels_;
  sum.sums = slices_.array();
  sum.table = table(layers_[l].table_gradient);
  launch(sum);
}

template void PainnTraining<float>::forward_tangent(std::size_t);
template void PainnTraining<double>::forward_tangent(std::size_t);
template void PainnTraining<float>::readout_tangent();
template void PainnTraining<double>::readout_tangent();
template void PainnTraining<float>::backward_tangent(std::size_t);
template void PainnTraining<double>::backward_tangent(std::size_t);
template void PainnTraining<float>::backward_messages_tangent(std::size_t);
template void PainnTraining<double>::backward_messages_tangent(std::size_t);
template void PainnTraining<float>::backward_first_messages();
template void PainnTraining<double>::backward_first_messages();

}  // namespace ipip::cuda
