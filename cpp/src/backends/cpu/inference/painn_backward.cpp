// SPDX-License-Identifier: MIT
// The backward sweep: adjoints in the opposite order, layer by layer.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <utility>

#include "each_block.hpp"
#include "model/zbl.hpp"
#include "painn.hpp"

namespace ipip::cpu {

// Between two sweeps over pairs a block goes through everything at once, while its rows are in the
// cache: what its atoms send, and the update of the layer below. With one layer the forward sweep
// has done this.
template <class T>
void Painn<T>::backward(const Graph& graph, double* energies, const TakeGradients& take) {
  for (std::size_t l = layers_.size() - 1; l > 0; --l) {
    EdgePass<T> sent = pass(l);
    // A row sends to its image, whose gradients are the row's, mirrored.
    if (symmetry_ == Symmetry::mirror) sent.pairs.ux = towards_.data();
    stage(l > 1 ? &next_gradient_ : nullptr, 4, l % 2 == 1,
          [&](std::int64_t begin, std::int64_t end, Scratch& scratch) {
            if (is_last(l)) clear_pairs(begin, end, scratch);
            // Only the block reads the first layer's gradients.
            T* below = l == 1 ? scratch.states.data()
                              : next_gradient_.data() + 4 * begin * weights_.channels;
            backward_messages(sent, l, begin, end, scratch, below);
            backward_kept_update(l - 1, begin, end, scratch, below);
            if (l == 1) backward_first(graph, begin, end, scratch, below, energies, take);
          });
    if (l > 1) std::swap(gradient_, next_gradient_);
  }
  if (threads_ > 1) take_timed(take, 0, lists_.receivers().first[n_local_], gradients_.data());
}

// The first layer's pairs, after its update: what the update left in `scratch` belongs to the same
// block.
template <class T>
void Painn<T>::backward_first(const Graph& graph, std::int64_t begin, std::int64_t end,
                              Scratch& scratch, const T* gradient, double* energies,
                              const TakeGradients& take) {
  const std::int64_t* rows = lists_.receivers().first;
  double* to = threads_ == 1 ? scratch.vectors.data() : gradients_.data() + 3 * rows[begin];
  T* pairs = pair_rows(begin, scratch);
  if (tabulates_first(begin, end)) {
    kernels_.first_tables_back(first_pass(), begin, end, gradient, scratch.g_mixed.data(),
                               scratch.g_hidden.data(), pairs);
  } else {
    kernels_.first_back(pass(0), begin, end, gradient, pairs);
  }
  pair_gradients(graph, begin, end, energies, pairs, to);
  if (threads_ == 1) take_timed(take, rows[begin], rows[end], to);
}

template <class T>
void Painn<T>::take_timed(const TakeGradients& take, std::int64_t begin, std::int64_t end,
                          const double* gradients) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  take(begin, end, gradients);
  take_seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
}

// (dE/dd, dE/du) of the pairs of a block that begins at a row. With three layers or more several
// steps add to them; with two, one step does all.
template <class T>
T* Painn<T>::pair_rows(std::int64_t begin, Scratch& scratch) {
  if (layers_.size() < 3) return scratch.pairs.data();
  return pair_gradients_.data() + 4 * lists_.receivers().first[begin];
}

template <class T>
void Painn<T>::clear_pairs(std::int64_t begin, std::int64_t end, Scratch& scratch) {
  const std::int64_t* rows = lists_.receivers().first;
  std::fill_n(pair_rows(begin, scratch), 4 * (rows[end] - rows[begin]), T(0));
}

// Rows `g` from dE/d(state after the layer) to dE/d(state after its messages). Where the first
// layer is tabulated, what goes through its matrices is kept separately, as gradients of the mixed
// rows and of the context's argument.
template <class T>
void Painn<T>::backward_update(std::size_t l, const T* mixed, const T* context, const T* gains,
                               T* g, std::int64_t rows, bool tabulated, Scratch& scratch) {
  const PackedLayer<T>& layer = weights_.layers[l];
  const std::int64_t channels = weights_.channels;
  const bool vectors = !is_last(l);
  kernels_.update_back_a(g, mixed, rows, channels, vectors, scratch.g_gains.data());
  const std::int64_t place = vectors ? 0 : channels, width = vectors ? 3 * channels : 2 * channels;
  gemm(layer.context[1].backward, nullptr, scratch.g_gains.data() + place, width,
       scratch.g_hidden.data(), channels, rows, false);
  if (!vectors) {
    gemm(weights_.hidden_readout.backward, nullptr, scratch.readout.data(), weights_.readout_width,
         scratch.g_hidden.data(), channels, rows, true);
    if (bias_.on()) {
      gemm(weights_.last_scalars.backward, nullptr, scratch.errors.scalars.data(), channels,
           scratch.g_hidden.data(), channels, rows, true);
    }
  }
  kernels_.silu_backward(context, scratch.g_hidden.data(), rows * channels);
  if (tabulated) {
    gemm(weights_.first.norms.backward, nullptr, scratch.g_hidden.data(), channels,
         scratch.g_q.data() + channels, 2 * channels, rows, false);
  } else {
    gemm(layer.context[0].backward, nullptr, scratch.g_hidden.data(), channels, scratch.g_q.data(),
         2 * channels, rows, false);
  }
  kernels_.update_back_mixed(gains, mixed, scratch.g_q.data(), rows, channels,
                             static_cast<T>(model_.epsilon), vectors, !tabulated, g,
                             scratch.g_mixed.data());
  if (tabulated) {
    for (std::int64_t row = 0; row < rows && !vectors; ++row) {
      std::fill_n(g + (4 * row + 1) * channels, 3 * channels, T(0));
    }
    return;
  }
  if (!vectors) clear_axes(g + channels, 4 * channels, 1, rows);
  for (int axis = 0; axis < axes(); ++axis) {
    gemm(layer.mix.backward, nullptr, scratch.g_mixed.data() + 2 * axis * channels, 6 * channels,
         g + (1 + axis) * channels, 4 * channels, rows, vectors);
  }
}

template <class T>
void Painn<T>::backward_kept_update(std::size_t l, std::int64_t begin, std::int64_t end,
                                    Scratch& scratch, T* gradient) {
  const std::int64_t channels = weights_.channels;
  const T* mixed = layers_[l].mixed.data() + begin * 6 * channels;
  const bool tabulated = l == 0 && tabulates_first(begin, end);
  if (tabulated) {
    mixed = scratch.mixed.data();
    kernels_.first_tables(first_pass(), begin, end, nullptr, scratch.mixed.data(), nullptr);
  }
  backward_update(l, mixed, layers_[l].context.data() + begin * channels,
                  layers_[l].gains.data() + begin * 3 * channels, gradient, end - begin, tabulated,
                  scratch);
}

// From `gradient_` (after the messages) to rows `below` (before the layer).
template <class T>
void Painn<T>::backward_messages(const EdgePass<T>& sent, std::size_t l, std::int64_t begin,
                                 std::int64_t end, Scratch& scratch, T* below) {
  const PackedLayer<T>& layer = weights_.layers[l];
  const std::int64_t channels = weights_.channels, rows = end - begin;
  kernels_.send_back(sent, begin, end, scratch.g_messages.data(), below, pair_rows(begin, scratch));
  turn_back(scratch.g_messages.data(), 3 * channels, rows);
  gemm(layer.message[1].backward, nullptr, scratch.g_messages.data(), 3 * channels,
       scratch.g_hidden.data(), channels, rows, false);
  kernels_.silu_backward(layers_[l].message.data() + begin * channels, scratch.g_hidden.data(),
                         rows * channels);
  gemm(layer.message[0].backward, nullptr, scratch.g_hidden.data(), channels, below, 4 * channels,
       rows, true);
}

// The ZBL core, and dE/dr = dE/dd u + (dE/du - u (u.dE/du)) / d.
template <class T>
void Painn<T>::pair_gradients(const Graph& graph, std::int64_t begin, std::int64_t end,
                              double* energies, const T* g, double* gradients) {
  const PairRows<T>& pairs = lists_.receivers();
  const std::int64_t* rows = pairs.first;
  for (std::int64_t i = begin; i < end; ++i) {
    for (std::int64_t e = rows[i]; e < rows[i + 1]; ++e, g += 4, gradients += 3) {
      const double* r = &graph.vectors[3 * static_cast<std::size_t>(e)];
      const double d = std::sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2] + 1e-24);
      const double inverse = 1.0 / d;
      const double u[3] = {r[0] * inverse, r[1] * inverse, r[2] * inverse};
      double along = g[0];
      if (model_.zbl) {
        double slope = 0.0;
        energies[i] +=
            zbl_pair(model_, species_.data()[i], species_.data()[pairs.other[e]], d, slope);
        along += slope;
      }
      const double gu[3] = {double(g[1]), double(g[2]), double(g[3])};
      along -= (u[0] * gu[0] + u[1] * gu[1] + u[2] * gu[2]) * inverse;
      for (int a = 0; a < 3; ++a) gradients[a] = along * u[a] + gu[a] * inverse;
    }
  }
}

template class Painn<float>;
template class Painn<double>;

}  // namespace ipip::cpu
