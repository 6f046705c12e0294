// SPDX-License-Identifier: MIT
// What the sweeps work on, and their order.
#include "painn_training.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "../cuda_backend.hpp"
#include "../index_limit.hpp"
#include "model/spline.hpp"

namespace ipip {

std::unique_ptr<DeviceTraining> make_device_training(const TrainingShape& shape,
                                                     const std::string& device, bool float64) {
  std::unique_ptr<cuda::Machine> machine = open_cuda_machine(device);
  if (float64) return std::make_unique<cuda::PainnTraining<double>>(std::move(machine), shape);
  return std::make_unique<cuda::PainnTraining<float>>(std::move(machine), shape);
}

namespace cuda {

template <class T>
PainnTraining<T>::Layer::Layer(Machine& machine)
    : scalars(machine),
      z(machine),
      h(machine),
      sent(machine),
      after(machine),
      mixed(machine),
      q(machine),
      product(machine),
      z_context(machine),
      h_context(machine),
      a(machine),
      g_out(machine),
      g_after(machine),
      g_a(machine),
      g_h_context(machine),
      g_z_context(machine),
      g_q(machine),
      g_mixed(machine),
      g_messages(machine),
      g_h(machine),
      g_z(machine),
      table(machine),
      table_gradient(machine) {}

template <class T>
auto PainnTraining<T>::Layer::all() -> std::array<Rows*, 21> {
  return {&scalars,     &z,           &h,         &sent,    &after,      &mixed,   &q,
          &product,     &z_context,   &h_context, &a,       &g_out,      &g_after, &g_a,
          &g_h_context, &g_z_context, &g_q,       &g_mixed, &g_messages, &g_h,     &g_z};
}

template <class T>
PainnTraining<T>::Indices::Indices(Machine& machine)
    : species(machine),
      frames(machine),
      first(machine),
      receivers(machine),
      neighbours(machine),
      piece(machine),
      piece_first(machine),
      piece_pairs(machine),
      sent_first(machine),
      sent(machine) {}

template <class T>
PainnTraining<T>::PainnTraining(std::unique_ptr<Machine> machine, const TrainingShape& shape)
    : machine_(std::move(machine)),
      layout_(shape),
      channels_(layout_.channels),
      n_species_(shape.n_species),
      cutoff_(shape.radial.cutoff),
      epsilon_(static_cast<T>(shape.epsilon)),
      basis_(*machine_),
      packed_places_(*machine_),
      unpacked_places_(*machine_),
      given_(*machine_),
      weights_(*machine_),
      gradients_(*machine_),
      given_gradients_(*machine_),
      final_(*machine_),
      z_readout_(*machine_),
      g_z_readout_(*machine_),
      indices_(*machine_),
      vectors_(*machine_),
      scale_(*machine_),
      offset_(*machine_),
      core_{Memory<double>(*machine_), Memory<double>(*machine_), Memory<double>(*machine_)},
      place_(*machine_),
      count_(*machine_),
      slot_(*machine_),
      shape_(*machine_),
      pair_gradients_(*machine_),
      changes_(*machine_),
      shares_(*machine_),
      first_messages_(*machine_),
      slices_(*machine_),
      energies_(*machine_),
      virials_(*machine_),
      forces_(*machine_),
      frame_sums_(*machine_),
      of_energy_(*machine_),
      of_forces_(*machine_),
      of_strain_(*machine_) {
  for (std::int64_t l = 0; l < shape.layers; ++l) layers_.emplace_back(*machine_);
  // The splines of envelope basis_k and of the envelope itself, which a filter combines.
  RadialFilter filter = shape.radial;
  const std::size_t n_basis = filter.offsets.size(), columns = n_basis + 1;
  filter.weight.assign(columns * n_basis, 0.0);
  for (std::size_t k = 0; k < n_basis; ++k) filter.weight[k * n_basis + k] = 1.0;
  filter.bias.assign(columns, 0.0);
  filter.bias.back() = 1.0;
  const RadialTable made = tabulate(filter, shape.table_error);
  pieces_ = made.pieces;
  table_error_ = made.error;
  table_rows_ = static_cast<int>(pieces_) + kDegree + kSplineWeights;  // zero rows close it
  const auto wide = static_cast<std::size_t>(layout_.layers.front().filter.rows);
  std::vector<double> numbers(static_cast<std::size_t>(table_rows_) * wide);
  for (std::size_t row = 0; row < static_cast<std::size_t>(pieces_ + kDegree); ++row) {
    for (std::size_t k = 0; k < columns; ++k) {
      numbers[row * wide + k] = made.coefficients[row * columns + k];
    }
  }
  assign(*machine_, numbers, basis_);
  assign(*machine_, layout_.packed, packed_places_);
  assign(*machine_, layout_.unpacked, unpacked_places_);
  given_.resize(layout_.n_weights);
  given_gradients_.resize(layout_.n_weights);
  weights_.resize(static_cast<std::int64_t>(layout_.packed.size()));
  gradients_.resize(layout_.n_gradients);
}

template <class T>
std::string PainnTraining<T>::description() const {
  char text[96];
  std::snprintf(text, sizeof text, ", tables of %lld pieces with error %.1e",
                static_cast<long long>(pieces_), table_error_);
  return "kernels, " + machine_->name() + text;
}

template <class T>
void PainnTraining<T>::evaluate(const TrainingFrames& frames, void* stream) {
  n_ = frames.n;
  n_pairs_ = frames.n_pairs;
  n_frames_ = frames.n_frames;
  require_int(std::max(n_, n_pairs_), "atoms or pairs");
  resize();
  forget();
  machine_->begin_after(stream);
  take(frames);
  make_tables();
  for (std::size_t l = 0; l < layers_.size(); ++l) forward(l);
  readout();
  for (std::size_t l = layers_.size(); l-- > 0;) {
    backward(l);
    if (l > 0) backward_messages(l);
  }
  finish(frames);
  machine_->end_before(stream);
}

template <class T>
void PainnTraining<T>::gradients(const TrainingSlopes& slopes, void* stream) {
  for (Layer& layer : layers_) {
    for (Rows* rows : layer.all()) rows->tangent.forget();
    layer.table_gradient.forget();
  }
  for (Rows* rows : {&final_, &z_readout_, &g_z_readout_}) rows->tangent.forget();
  for (Memory<T>* memory :
       {&changes_, &shares_, &first_messages_, &slices_, &gradients_, &given_gradients_}) {
    memory->forget();
  }
  machine_->begin_after(stream);
  copy_in(slopes.energy, n_frames_, of_energy_);
  copy_in(slopes.forces, 3 * n_, of_forces_);
  copy_in(slopes.strain, 9 * n_frames_, of_strain_);
  changes_.resize(4 * n_pairs_);
  launch(ChangePairs<T>{n_pairs_, vectors_.array(), indices_.receivers.array(),
                        indices_.neighbours.array(), indices_.frames.array(), of_forces_.array(),
                        of_strain_.array(), changes_.array()});
  for (std::size_t l = 0; l < layers_.size(); ++l) forward_tangent(l);
  readout_tangent();
  for (std::size_t l = layers_.size(); l-- > 0;) {
    backward_tangent(l);
    if (l > 0) {
      backward_messages_tangent(l);
    } else {
      backward_first_messages();
    }
    filter_gradient(l);
  }
  launch(PickNumbers<T>{unpacked_places_.array(), gradients_.array(), given_gradients_.array()});
  machine_->download(slopes.weights, given_gradients_.array().data, 0, layout_.n_weights,
                     sizeof(T));
  machine_->end_before(stream);
}

// Copies numbers that are in the machine's memory.
template <class T>
template <class Number>
void PainnTraining<T>::copy_in(const void* from, std::int64_t size, Memory<Number>& to) {
  to.resize(size);
  if (size > 0) machine_->upload(to.array().data, 0, from, size, sizeof(Number));
}

template <class T>
void PainnTraining<T>::take(const TrainingFrames& frames) {
  copy_in(frames.weights, layout_.n_weights, given_);
  copy_in(frames.species, n_, indices_.species);
  copy_in(frames.frames, n_, indices_.frames);
  copy_in(frames.first, n_ + 1, indices_.first);
  copy_in(frames.receivers, n_pairs_, indices_.receivers);
  copy_in(frames.neighbours, n_pairs_, indices_.neighbours);
  copy_in(frames.piece, n_pairs_, indices_.piece);
  copy_in(frames.piece_first, pieces_ + 1, indices_.piece_first);
  copy_in(frames.piece_pairs, n_pairs_, indices_.piece_pairs);
  copy_in(frames.sent_first, n_ + 1, indices_.sent_first);
  copy_in(frames.sent, n_pairs_, indices_.sent);
  copy_in(frames.vectors, 3 * n_pairs_, vectors_);
  copy_in(frames.scale, n_species_, scale_);
  copy_in(frames.offset, n_species_, offset_);
  has_core_ = frames.core[0] != nullptr;
  for (std::size_t k = 0; k < 3 && has_core_; ++k) {
    copy_in(frames.core[k], n_species_ * n_species_, core_[k]);
  }
  launch(PickNumbers<T>{packed_places_.array(), given_.array(), weights_.array()});
  PlacePairs<T> place;
  place.n_rows = n_;
  place.n_pairs = n_pairs_;
  place.vectors = vectors_.array();
  place.neighbours = indices_.neighbours.array();
  place.piece = indices_.piece.array();
  place.pieces = static_cast<int>(pieces_);
  place.pairs = pairs();
  place.slot = slot_.array();
  launch(place);
}

template <class T>
void PainnTraining<T>::resize() {
  const int F = channels_;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const std::int64_t sending = senders(l);
    if (l > 0) layer.scalars.resize(n_, F);
    layer.z.resize(sending, F);
    layer.h.resize(sending, F);
    layer.sent.resize(sending, l == 0 ? 3 * F : 6 * F);
    layer.g_messages.resize(sending, 3 * F);
    layer.g_h.resize(sending, F);
    layer.g_z.resize(sending, F);
    layer.after.resize(n_, 4 * F);
    layer.mixed.resize(n_, 6 * F);
    layer.q.resize(n_, 2 * F);
    layer.product.resize(n_, F);
    layer.z_context.resize(n_, F);
    layer.h_context.resize(n_, F);
    layer.a.resize(n_, is_last(l) ? 2 * F : 3 * F);
    layer.g_out.resize(n_, 4 * F);
    layer.g_after.resize(n_, 4 * F);
    layer.g_a.resize(n_, layer.a.width);
    layer.g_h_context.resize(n_, F);
    layer.g_z_context.resize(n_, F);
    layer.g_q.resize(n_, 2 * F);
    layer.g_mixed.resize(n_, 6 * F);
    const std::int64_t numbers = std::int64_t(table_rows_) * parts(l) * F;
    layer.table.resize(numbers);
    layer.table_gradient.resize(numbers);
  }
  final_.resize(n_, F);
  z_readout_.resize(n_, layout_.readout);
  g_z_readout_.resize(n_, layout_.readout);
  count_.resize(n_);
  slot_.resize(n_pairs_);
  place_.resize(2 * n_pairs_);
  shape_.resize(4 * n_pairs_);
  pair_gradients_.resize(4 * n_pairs_);
  energies_.resize(n_);
  virials_.resize(kSums * n_);
  forces_.resize(3 * n_);
  frame_sums_.resize(kSums * n_frames_);
}

// The results of the previous step are invalid.
template <class T>
void PainnTraining<T>::forget() {
  for (Layer& layer : layers_) {
    for (Rows* rows : layer.all()) rows->forget();
    for (Memory<T>* memory : {&layer.table, &layer.table_gradient}) memory->forget();
  }
  for (Rows* rows : {&final_, &z_readout_, &g_z_readout_}) rows->forget();
  for (Memory<T>* memory : {&shape_, &pair_gradients_, &weights_, &slices_}) memory->forget();
  for (Memory<int>* memory : {&place_, &count_, &slot_}) memory->forget();
  for (Memory<double>* memory : {&energies_, &virials_, &forces_, &frame_sums_}) memory->forget();
}

template <class T>
PairRows<T> PainnTraining<T>::pairs() const {
  return {indices_.first.array(), count_.array(), place_.array(), shape_.array(),
          cutoff_ / static_cast<double>(pieces_)};
}

// y = x W^T + bias
template <class T>
void PainnTraining<T>::multiply(Columns<T> x, const PackedLinear& linear, Columns<T> y,
                                std::int64_t n, bool bias) {
  MultiplyRows<T> kernel;
  kernel.n_rows = n;
  kernel.x = x;
  kernel.matrix = {weights_.array(), linear.n_in, linear.n_out, linear.forward};
  kernel.bias_at = bias ? linear.bias : -1;
  kernel.y = y;
  launch(kernel);
}

// y = base + g W
template <class T>
void PainnTraining<T>::multiply_back(Columns<T> g, const PackedLinear& linear, Columns<T> y,
                                     std::int64_t n, Columns<T> base) {
  MultiplyRows<T> kernel;
  kernel.n_rows = n;
  kernel.x = g;
  kernel.matrix = {weights_.array(), linear.n_out, linear.n_in, linear.turned};
  kernel.base = base;
  kernel.y = y;
  launch(kernel);
}

template <class T>
void PainnTraining<T>::activate(const Rows& z, const Rows& h, std::int64_t n, bool tangent) {
  Activate<T> kernel;
  kernel.n_rows = n;
  kernel.channels = z.width;
  kernel.tangent = tangent;
  kernel.z = z.dual();
  kernel.out = tangent ? h.tangent.array() : h.value.array();
  launch(kernel);
}

template <class T>
void PainnTraining<T>::activate_back(const Rows& z, const Rows& g, const Rows& out, std::int64_t n,
                                     bool tangent) {
  ActivateBack<T> kernel;
  kernel.n_rows = n;
  kernel.channels = z.width;
  kernel.tangent = tangent;
  kernel.z = z.dual();
  kernel.g = g.dual();
  kernel.out = tangent ? out.tangent.array() : out.value.array();
  launch(kernel);
}

template class PainnTraining<float>;
template class PainnTraining<double>;

}  // namespace cuda
}  // namespace ipip
