// SPDX-License-Identifier: MIT
// The forward sweep, and what both sweeps share. The backward sweep is in
// painn_backward.cpp, what is kept in painn_memory.cpp.
#include "painn.hpp"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "each_block.hpp"
#include "ipip/error.hpp"

namespace ipip::cpu {
namespace {

// Products grow with F^2 for an atom, tables with F for a pair: they cost the same at this many
// pairs of an atom for each channel.
constexpr double kPairsPerChannel = 1.0 / 14.0;

}  // namespace

template <class T>
Painn<T>::Painn(const Kernels<T>& kernels, PainnModel model, double table_error, double most_pairs,
                int threads, const std::optional<Uncertainty>& uncertainty, const Bias& bias)
    : kernels_(kernels),
      model_(std::move(model)),
      weights_(pack_painn(kernels, model_, table_error)),
      most_pairs_(most_pairs < 0.0 ? kPairsPerChannel * static_cast<double>(weights_.channels)
                                   : most_pairs),
      bias_(bias),
      threads_(threads),
      block_(std::clamp<std::int64_t>(6144 / weights_.channels / 6 * 6, 12, 96)),
      lists_(kernels, model_.cutoff, weights_.pieces),
      exchange_(model_.channels, weights_.channels),
      layers_(model_.layers.size()),
      scratch_(static_cast<std::size_t>(threads)) {
  for (Scratch& scratch : scratch_) {
    scratch.reserve(block_, weights_.channels, weights_.readout_width);
    if (uncertainty) scratch.errors.reserve(block_, weights_.channels);
  }
  if (uncertainty) errors_.emplace(kernels, *uncertainty);
}

// What each layer but the first is sent, then the gradients of each layer but the first.
template <class T>
std::vector<std::int64_t> Painn<T>::exchange_widths() const {
  const std::size_t between = layers_.size() - 1;
  std::vector<std::int64_t> widths(2 * between, 6 * model_.channels);
  std::fill_n(widths.begin() + static_cast<std::ptrdiff_t>(between), between, 4 * model_.channels);
  return widths;
}

template <class T>
std::string Painn<T>::description() const {
  char text[96];
  std::snprintf(text, sizeof text, "kernels, %s, tables of %lld pieces with error %.1e",
                kernels_.name, static_cast<long long>(weights_.pieces), weights_.table_error);
  return text;
}

template <class T>
void Painn<T>::evaluate(const Graph& graph, double* energies, double* uncertainties,
                        const TakeGradients& take) {
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;
  prepare(graph);
  const Clock::time_point start = Clock::now();
  const double exchanged = exchange_.seconds();
  const auto seconds_so_far = [&] {
    return Seconds(Clock::now() - start).count() - (exchange_.seconds() - exchanged);
  };
  take_seconds_ = 0.0;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    // After the last layer, where a block's energies lead to their gradients at once, these travel.
    Buffer<T>* const sent = is_last(l) ? &gradient_ : &layers_[l + 1].sent;
    stage(layers_.size() > 1 ? sent : nullptr, is_last(l) ? 4 : 6, l % 2 == 0,
          [&](std::int64_t begin, std::int64_t end, Scratch& scratch) {
            forward_block(l, begin, end, scratch, {energies, uncertainties, nullptr});
            if (layers_.size() > 1) return;
            clear_pairs(begin, end, scratch);
            backward_first(graph, begin, end, scratch,
                           gradient_.data() + 4 * begin * weights_.channels, energies, take);
          });
  }
  forward_seconds_ = seconds_so_far() - take_seconds_;
  backward(graph, energies, take);
  backward_seconds_ = seconds_so_far() - forward_seconds_ - take_seconds_;
}

// The forward sweep alone; the last layer leaves its rows where the readout would read them.
template <class T>
void Painn<T>::features(const Graph& graph, double* features) {
  prepare(graph);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    stage(is_last(l) ? nullptr : &layers_[l + 1].sent, 6, l % 2 == 0,
          [&](std::int64_t begin, std::int64_t end, Scratch& scratch) {
            forward_block(l, begin, end, scratch, {nullptr, nullptr, features});
          });
  }
}

template <class T>
void Painn<T>::prepare(const Graph& graph) {
  n_local_ = graph.n_local;
  n_total_ = static_cast<std::int64_t>(graph.species.size());
  // A student of one layer exchanges nothing, whatever its rows are.
  if (layers_.size() > 1) exchange_.start(n_local_, n_total_);
  lists_.build(graph, threads_);
  species_.reserve(graph.species.size());
  for (std::int64_t row = 0; row < n_total_; ++row) {
    const std::int64_t z = graph.species[row];
    if (z < 0 || z >= model_.n_species) {
      throw Error("row " + std::to_string(row) + " is of species " + std::to_string(z) +
                  ", expected 0 to " + std::to_string(model_.n_species - 1));
    }
    species_.data()[row] = static_cast<std::int32_t>(z);
  }
  const std::int64_t channels = weights_.channels;
  const auto take = [channels](Buffer<T>& buffer, std::int64_t rows, std::int64_t width) {
    buffer.reserve(static_cast<std::size_t>(rows * width * channels));
  };
  // The longest first: if memory runs out later, there is still enough to exchange zeros.
  for (std::size_t l = 1; l < layers_.size(); ++l) take(layers_[l].sent, n_total_, 6);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    LayerState& layer = layers_[l];
    if (l > 0) {
      take(layer.scalars, n_local_, 1);
      take(layer.message, n_local_, 1);
    }
    if (!is_last(l)) {
      take(layer.mixed, n_local_, 6);
      take(layer.context, n_local_, 1);
      take(layer.gains, n_local_, 3);
    }
  }
  if (bias_.on()) bias_energies_.reserve(static_cast<std::size_t>(n_local_));
  take(gradient_, n_total_, 4);
  if (layers_.size() > 2) take(next_gradient_, n_total_, 4);
  const auto most = static_cast<std::size_t>(lists_.most_pairs(block_));
  for (Scratch& scratch : scratch_) {
    if (layers_.size() < 3) scratch.pairs.reserve(4 * most);
    if (threads_ == 1) scratch.vectors.reserve(3 * most);
  }
  if (layers_.size() > 2) pair_gradients_.reserve(4 * graph.receivers.size());
  if (threads_ > 1) gradients_.reserve(3 * graph.receivers.size());
  if (symmetry_ == Symmetry::mirror) {
    towards_.reserve(graph.receivers.size());
    std::fill_n(towards_.data(), graph.receivers.size(), T(-1));
  }
}

template <class T>
EdgePass<T> Painn<T>::pass(std::size_t l) const {
  const PackedLayer<T>& layer = weights_.layers[l];
  EdgePass<T> out;
  out.pairs = lists_.receivers();
  out.table = {layer.table.data(), layer.table_rows,
               static_cast<double>(weights_.pieces) / model_.cutoff};
  out.channels = weights_.channels;
  out.first_layer = l == 0;
  out.species = species_.data();
  out.messages = l == 0 ? weights_.first_messages.data() : layers_[l].sent.data();
  out.message_pitch = (l == 0 ? 3 : 6) * out.channels;
  out.scalars = l == 0 ? weights_.embedding.data() : layers_[l].scalars.data();
  out.scalar_pitch = out.channels;
  out.vectors = l == 0 ? nullptr : layers_[l].sent.data() + 3 * out.channels;
  out.vector_pitch = 6 * out.channels;
  out.gradients = gradient_.data();
  return out;
}

template <class T>
FirstPass<T> Painn<T>::first_pass() const {
  const FirstLayer<T>& first = weights_.first;
  FirstPass<T> out;
  out.pairs = lists_.receivers();
  out.tables = first.tables.data();
  out.pitch = first.pitch;
  out.n_rows = weights_.layers[0].table_rows;
  out.pieces_per_length = static_cast<double>(weights_.pieces) / model_.cutoff;
  out.channels = weights_.channels;
  out.species = species_.data();
  out.scalars = weights_.embedding.data();
  out.context = first.context.data();
  return out;
}

// Whether the first layer of a block is cheaper by tables than by products. Both yield the same, to
// rounding.
template <class T>
bool Painn<T>::tabulates_first(std::int64_t begin, std::int64_t end) const {
  const std::int64_t* first = lists_.receivers().first;
  return weights_.first.pitch > 0 && static_cast<double>(first[end] - first[begin]) <=
                                         most_pairs_ * static_cast<double>(end - begin);
}

template <class T>
void Painn<T>::clear_axes(T* rows, std::int64_t pitch, int parts, std::int64_t n_rows) const {
  const std::int64_t width = parts * weights_.channels;
  for (std::int64_t row = 0; row < n_rows && axes() < 3; ++row) {
    std::fill_n(rows + row * pitch + axes() * width, (3 - axes()) * width, T(0));
  }
}

template <class T>
void Painn<T>::turn_back(T* messages, std::int64_t pitch, std::int64_t n_rows) const {
  const std::int64_t channels = weights_.channels;
  for (std::int64_t row = 0; row < n_rows && symmetry_ == Symmetry::mirror; ++row) {
    T* part = messages + row * pitch + 2 * channels;
    for (std::int64_t c = 0; c < channels; ++c) part[c] = -part[c];
  }
}

template <class T>
void Painn<T>::send_messages(std::size_t l, std::int64_t begin, std::int64_t end,
                             Scratch& scratch) {
  const PackedLayer<T>& layer = weights_.layers[l];
  const std::int64_t channels = weights_.channels, rows = end - begin;
  T* z = layers_[l].message.data() + begin * channels;
  gemm(layer.message[0].forward, layer.message[0].bias.data(),
       layers_[l].scalars.data() + begin * channels, channels, z, channels, rows, false);
  kernels_.silu(z, scratch.hidden.data(), rows * channels);
  gemm(layer.message[1].forward, layer.message[1].bias.data(), scratch.hidden.data(), channels,
       layers_[l].sent.data() + begin * 6 * channels, 6 * channels, rows, false);
  turn_back(layers_[l].sent.data() + begin * 6 * channels, 6 * channels, rows);
}

template <class T>
void Painn<T>::forward_block(std::size_t l, std::int64_t begin, std::int64_t end, Scratch& scratch,
                             const Wishes& wishes) {
  const PackedLayer<T>& layer = weights_.layers[l];
  const std::int64_t channels = weights_.channels, rows = end - begin;
  const bool last = is_last(l);
  const auto kept = [&](Buffer<T>& all, Buffer<T>& block, std::int64_t width) {
    return last ? block.data() : all.data() + begin * width * channels;
  };
  const bool tabulated = l == 0 && tabulates_first(begin, end);
  // Recomputing mixed rows from tables costs less than keeping them.
  T* mixed = tabulated ? scratch.mixed.data() : kept(layers_[l].mixed, scratch.mixed, 6);
  T* context = kept(layers_[l].context, scratch.context, 1);
  T* gains = kept(layers_[l].gains, scratch.gains, 3);
  T* states = scratch.states.data();

  if (tabulated) {
    kernels_.first_tables(first_pass(), begin, end, states, mixed, context);
  } else {
    kernels_.receive(pass(l), begin, end, states);
    for (int axis = 0; axis < axes(); ++axis) {
      gemm(layer.mix.forward, nullptr, states + (1 + axis) * channels, 4 * channels,
           mixed + 2 * axis * channels, 6 * channels, rows, false);
    }
    clear_axes(mixed, 6 * channels, 2, rows);
  }
  kernels_.norms(states, mixed, rows, channels, static_cast<T>(model_.epsilon), scratch.q.data(),
                 scratch.product.data());
  if (tabulated) {
    gemm(weights_.first.norms.forward, nullptr, scratch.q.data() + channels, 2 * channels, context,
         channels, rows, true);
  } else {
    gemm(layer.context[0].forward, layer.context[0].bias.data(), scratch.q.data(), 2 * channels,
         context, channels, rows, false);
  }
  kernels_.silu(context, scratch.hidden.data(), rows * channels);
  // The last layer's a_ss is in the readout, and its place in a row stays empty.
  const std::int64_t place = last ? channels : 0, width = last ? 2 * channels : 3 * channels;
  for (std::int64_t row = 0; row < rows && last; ++row) {
    std::fill_n(gains + row * width, channels, T(0));
  }
  gemm(layer.context[1].forward, layer.context[1].bias.data(), scratch.hidden.data(), channels,
       gains + place, width, rows, false);
  T* next_s = last ? scratch.final_s.data() : layers_[l + 1].scalars.data() + begin * channels;
  T* next_v = last ? nullptr : layers_[l + 1].sent.data() + (6 * begin + 3) * channels;
  kernels_.update(states, mixed, gains, scratch.product.data(), rows, channels, next_s, channels,
                  next_v, 6 * channels);
  if (!last) {
    send_messages(l + 1, begin, end, scratch);
    return;
  }
  if (wishes.features != nullptr) {
    add_last_scalars(rows, scratch, scratch.final_s.data());
    for (std::int64_t row = 0; row < rows; ++row) {
      std::copy_n(scratch.final_s.data() + row * channels, model_.channels,
                  wishes.features + (begin + row) * model_.channels);
    }
    return;
  }
  if (wishes.uncertainties != nullptr) expect_errors(begin, end, scratch, wishes.uncertainties);
  finish_block(begin, end, scratch, wishes.energies);
  if (bias_.on()) add_bias(begin, end, scratch, wishes.energies);
  backward_update(l, mixed, context, gains, gradient_.data() + begin * 4 * channels, rows,
                  tabulated, scratch);
}

// a_ss on top of s, which the readout makes of s and the context's hidden row otherwise.
template <class T>
void Painn<T>::add_last_scalars(std::int64_t rows, const Scratch& scratch, T* scalars) const {
  const std::int64_t channels = weights_.channels;
  gemm(weights_.last_scalars.forward, weights_.last_scalars.bias.data(), scratch.hidden.data(),
       channels, scalars, channels, rows, true);
}

template <class T>
void Painn<T>::expect_errors(std::int64_t begin, std::int64_t end, Scratch& scratch,
                             double* uncertainties) const {
  take_last_scalars(end - begin, scratch);
  errors_->evaluate(end - begin, species_.data() + begin, scratch.errors, uncertainties + begin);
}

template <class T>
void Painn<T>::take_last_scalars(std::int64_t rows, Scratch& scratch) const {
  T* const scalars = scratch.errors.scalars.data();
  std::copy_n(scratch.final_s.data(), rows * weights_.channels, scalars);
  add_last_scalars(rows, scratch, scalars);
}

// Another seed of the backward sweep: `gradient_` has its part through the final s, and
// `scratch.errors.scalars` keeps it for the part through a_ss (`backward_update`).
template <class T>
void Painn<T>::add_bias(std::int64_t begin, std::int64_t end, Scratch& scratch, double* energies) {
  const std::int64_t channels = weights_.channels;
  take_last_scalars(end - begin, scratch);
  errors_->bias(end - begin, species_.data() + begin, bias_, scratch.errors,
                bias_energies_.data() + begin);
  const T* seed = scratch.errors.scalars.data();
  for (std::int64_t row = begin; row < end; ++row, seed += channels) {
    energies[row] += bias_energies_.data()[row];
    T* const g = gradient_.data() + row * 4 * channels;
    for (std::int64_t c = 0; c < channels; ++c) g[c] += seed[c];
  }
}

// Readout and its adjoint: energies, dE/d(final scalars) into `gradient_`, and dE/d(argument of the
// readout's SiLU) into `scratch.readout`.
template <class T>
void Painn<T>::finish_block(std::int64_t begin, std::int64_t end, Scratch& scratch,
                            double* energies) {
  const std::int64_t channels = weights_.channels, rows = end - begin;
  const std::int64_t width = weights_.readout_width;
  T* z = scratch.readout.data();
  for (std::int64_t row = 0; row < rows; ++row) {
    scratch.scale.data()[row] = static_cast<T>(model_.scale[species_.data()[begin + row]]);
  }
  gemm(weights_.readout.forward, weights_.readout.bias.data(), scratch.final_s.data(), channels, z,
       width, rows, false);
  gemm(weights_.hidden_readout.forward, nullptr, scratch.hidden.data(), channels, z, width, rows,
       true);
  kernels_.readout(z, weights_.readout_weight.data(), scratch.scale.data(), rows, width,
                   energies + begin);
  gemm(weights_.readout.backward, nullptr, z, width, gradient_.data() + begin * 4 * channels,
       4 * channels, rows, false);
  for (std::int64_t row = begin; row < end; ++row) {
    const std::size_t z_row = species_.data()[row];
    energies[row] =
        model_.offset[z_row] + model_.scale[z_row] * (energies[row] + model_.readout[1].bias[0]);
  }
}

template class Painn<float>;
template class Painn<double>;

}  // namespace ipip::cpu
