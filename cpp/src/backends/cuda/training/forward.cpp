// SPDX-License-Identifier: MIT
// The first two sweeps: energies, and their gradients on all rows, down to the pairs.
//
// x: axis.
#include "painn_training.hpp"

namespace ipip::cuda {

// C = M [W | b]^T, a product for each 32 channels.
template <class T>
void PainnTraining<T>::make_tables() {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const PackedFilter& filter = layout_.layers[l].filter;
    const int width = filter.parts * kLanes;
    for (int chunk = 0; chunk < channels_ / kLanes; ++chunk) {
      MultiplyRows<T> kernel;
      kernel.n_rows = table_rows_;
      kernel.x = {basis_.array(), filter.rows, 0};
      kernel.matrix = {weights_.array(), filter.rows, width,
                       filter.forward + chunk * filter.size()};
      kernel.y = {layers_[l].table.array(), width, std::int64_t(chunk) * table_rows_ * width};
      launch(kernel);
    }
  }
}

template <class T>
LayerRows<T> PainnTraining<T>::layer_rows(std::size_t l) const {
  const Layer& layer = layers_[l];
  LayerRows<T> rows;
  rows.channels = channels_;
  rows.table = table(layer.table);
  rows.species = indices_.species.array();
  rows.sent = layer.sent.value.array();
  rows.scalars = l == 0 ? weights_.array() : layer.scalars.value.array();
  return rows;
}

template <class T>
void PainnTraining<T>::forward(std::size_t l) {
  Layer& layer = layers_[l];
  const PackedLayer& weights = layout_.layers[l];
  const int F = channels_;
  const Columns<T> sending = l == 0 ? Columns<T>{weights_.array(), F, 0} : layer.scalars.values();
  multiply(sending, weights.message[0], layer.z.values(), senders(l), true);
  activate(layer.z, layer.h, senders(l), false);
  multiply(layer.h.values(), weights.message[1], layer.sent.values(), senders(l), true);
  const auto receive = [&](auto kernel) {
    kernel.range = {0, n_};
    kernel.pairs = pairs();
    kernel.rows = layer_rows(l);
    kernel.states = layer.after.value.array();
    launch(kernel);
  };
  l == 0 ? receive(Receive<T, 1, true>()) : receive(Receive<T, 1, false>());
  for (int x = 0; x < 3; ++x) {
    multiply(layer.after.values((1 + x) * F), weights.mix, layer.mixed.values(2 * x * F), n_,
             false);
  }
  launch(nodes<TakeNorms<T>>(l));
  multiply(layer.q.values(), weights.context[0], layer.z_context.values(), n_, true);
  activate(layer.z_context, layer.h_context, n_, false);
  multiply(layer.h_context.values(), weights.context[1], layer.a.values(), n_, true);
  NextStates<T> next = nodes<NextStates<T>>(l);
  next.scalars = is_last(l) ? final_.value.array() : layers_[l + 1].scalars.value.array();
  if (!is_last(l)) next.sent = layers_[l + 1].sent.value.array();
  launch(next);
}

template <class T>
void PainnTraining<T>::readout() {
  multiply(final_.values(), layout_.readout_layer, z_readout_.values(), n_, true);
  ReadoutRows<T> kernel;
  kernel.n_rows = n_;
  kernel.width = layout_.readout;
  kernel.species = indices_.species.array();
  kernel.scale = scale_.array();
  kernel.offset = offset_.array();
  kernel.weights = weights_.array();
  kernel.weight_at = layout_.head;
  kernel.shift_at = layout_.head_bias;
  kernel.z = z_readout_.value.array();
  kernel.z_g = g_z_readout_.value.array();
  kernel.energies = energies_.array();
  launch(kernel);
  multiply_back(g_z_readout_.values(), layout_.readout_layer, layers_.back().g_out.values(), n_);
}

// From g_out to g_after.
template <class T>
void PainnTraining<T>::backward(std::size_t l) {
  Layer& layer = layers_[l];
  const PackedLayer& weights = layout_.layers[l];
  const int F = channels_;
  GainGradients<T> gains = nodes<GainGradients<T>>(l);
  gains.g = layer.g_out.dual();
  gains.a_g = layer.g_a.value.array();
  launch(gains);
  multiply_back(layer.g_a.values(), weights.context[1], layer.g_h_context.values(), n_);
  activate_back(layer.z_context, layer.g_h_context, layer.g_z_context, n_, false);
  multiply_back(layer.g_z_context.values(), weights.context[0], layer.g_q.values(), n_);
  MixedGradients<T> mixed = nodes<MixedGradients<T>>(l);
  mixed.g = layer.g_out.dual();
  mixed.q_g = layer.g_q.dual();
  mixed.after_g = layer.g_after.value.array();
  mixed.mixed_g = layer.g_mixed.value.array();
  launch(mixed);
  for (int x = 0; x < 3; ++x) {
    multiply_back(layer.g_mixed.values(2 * x * F), weights.mix, layer.g_after.values((1 + x) * F),
                  n_, is_last(l) ? Columns<T>() : layer.g_out.values((1 + x) * F));
  }
}

// From g_after to g_out of the layer below, and to the gradients of pairs.
template <class T>
void PainnTraining<T>::backward_messages(std::size_t l) {
  Layer& layer = layers_[l];
  Layer& below = layers_[l - 1];
  const PackedLayer& weights = layout_.layers[l];
  SendBack<T, 1> back;
  back.range = {0, n_};
  back.add = !is_last(l);
  back.pairs = pairs();
  back.rows = layer_rows(l);
  back.gradients = layer.g_after.value.array();
  back.message_gradients = layer.g_messages.value.array();
  back.state_gradients = below.g_out.value.array();
  back.pair_gradients = pair_gradients_.array();
  launch(back);
  multiply_back(layer.g_messages.values(), weights.message[1], layer.g_h.values(), n_);
  activate_back(layer.z, layer.g_h, layer.g_z, n_, false);
  multiply_back(layer.g_z.values(), weights.message[0], below.g_out.values(), n_,
                below.g_out.values());
}

// The first layer's pairs, the core, forces, and sums over frames.
template <class T>
void PainnTraining<T>::finish(const TrainingFrames& frames) {
  FirstBack<T, 1> back;
  back.range = {0, n_};
  back.add = layers_.size() > 1;
  back.pairs = pairs();
  back.rows = layer_rows(0);
  back.gradients = layers_[0].g_after.value.array();
  if (has_core_) {
    back.core = {static_cast<int>(n_species_), core_[0].array(), core_[1].array(),
                 core_[2].array()};
  }
  back.pair_gradients = pair_gradients_.array();
  back.energies = energies_.array();
  back.sums = virials_.array();
  launch(back);
  GatherForces<T> gather;
  gather.n_local = gather.n_total = n_;
  gather.pairs = pairs();
  gather.gradients = pair_gradients_.array();
  gather.sent_first = indices_.sent_first.array();
  gather.sent = indices_.sent.array();
  gather.slot = slot_.array();
  gather.forces = forces_.array();
  launch(gather);
  launch(SumFrames{n_, n_frames_, indices_.frames.array(), energies_.array(), virials_.array(),
                   frame_sums_.array()});
  const auto copy_out = [&](const Memory<double>& from, void* to) {
    if (from.size() > 0) machine_->download(to, from.array().data, 0, from.size(), sizeof(double));
  };
  copy_out(forces_, frames.forces);
  copy_out(frame_sums_, frames.sums);
}

template void PainnTraining<float>::make_tables();
template void PainnTraining<double>::make_tables();
template void PainnTraining<float>::forward(std::size_t);
template void PainnTraining<double>::forward(std::size_t);
template void PainnTraining<float>::readout();
template void PainnTraining<double>::readout();
template void PainnTraining<float>::backward(std::size_t);
template void PainnTraining<double>::backward(std::size_t);
template void PainnTraining<float>::backward_messages(std::size_t);
template void PainnTraining<double>::backward_messages(std::size_t);
template void PainnTraining<float>::finish(const TrainingFrames&);
template void PainnTraining<double>::finish(const TrainingFrames&);

}  // namespace ipip::cuda
