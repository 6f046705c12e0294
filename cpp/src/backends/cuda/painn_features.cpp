// SPDX-License-Identifier: MIT
// Features of atoms, which only the host needs, and rarely.
#include <cmath>

#include "painn.hpp"

namespace ipip::cuda {

// The last layer's a_ss is in the readout's matrix on the device, so it is computed here. c:
// channel.
template <class T>
void Painn<T>::features(PairSource& source, std::vector<double>& rows) {
  prepare(source, {});
  forget_step();
  source.queue_positions();
  queue_forward(source);
  queue_update(source, layers_.size() - 1, {0, n_local_});
  const Layer& last = layers_.back();
  HostMemory<T> states(machine_), mixed(machine_), context(machine_), gains(machine_);
  const auto fetch = [this](const Memory<T>& from, std::int64_t size, HostMemory<T>& to) {
    to.resize(size);
    if (size > 0) machine_.download(to.data(), from.array().data, 0, size, sizeof(T));
  };
  const std::int64_t wide = model_.channels, channels = bare_channels_;
  fetch(states_, 4 * n_local_ * wide, states);
  fetch(last.mixed, 6 * n_local_ * wide, mixed);
  fetch(last.context, n_local_ * wide, context);
  fetch(last.gains, n_local_ * wide, gains);
  machine_.wait();
  rows.resize(static_cast<std::size_t>(n_local_ * channels));
  std::vector<double> hidden(static_cast<std::size_t>(channels));
  for (std::int64_t row = 0; row < n_local_; ++row) {
    const T* const z = context.data() + row * wide;
    for (std::int64_t c = 0; c < channels; ++c) {
      hidden[static_cast<std::size_t>(c)] = z[c] / (1.0 + std::exp(-static_cast<double>(z[c])));
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      const T* const m = mixed.data() + row * 6 * wide + c;
      const double dot = static_cast<double>(m[0]) * m[wide] +
                         static_cast<double>(m[2 * wide]) * m[3 * wide] +
                         static_cast<double>(m[4 * wide]) * m[5 * wide];
      double s = states.data()[row * 4 * wide + c] + gains.data()[row * wide + c] * dot +
                 last_context_.bias[static_cast<std::size_t>(c)];
      const double* const weight = last_context_.weight.data() + c * last_context_.n_in;
      for (std::int64_t k = 0; k < channels; ++k)
        s += weight[k] * hidden[static_cast<std::size_t>(k)];
      rows[static_cast<std::size_t>(row * channels + c)] = s;
    }
  }
}

template void Painn<float>::features(PairSource&, std::vector<double>&);
template void Painn<double>::features(PairSource&, std::vector<double>&);

}  // namespace ipip::cuda
