// SPDX-License-Identifier: MIT
// Rows that a step needs, and those that are kept between steps.
#include "painn.hpp"

namespace ipip::cpu {

template <class T>
void Painn<T>::Scratch::reserve(std::int64_t rows, std::int64_t channels,
                                std::int64_t readout_width) {
  const auto take = [rows](Buffer<T>& buffer, std::int64_t width) {
    buffer.reserve(static_cast<std::size_t>(rows * width));
  };
  take(states, 4 * channels);
  take(mixed, 6 * channels);
  take(q, 2 * channels);
  take(product, channels);
  take(context, channels);
  take(hidden, channels);
  take(gains, 3 * channels);
  take(final_s, channels);
  take(readout, readout_width);
  take(scale, 1);
  take(g_gains, 3 * channels);
  take(g_hidden, channels);
  take(g_q, 2 * channels);
  take(g_mixed, 6 * channels);
  take(g_messages, 3 * channels);
}

template <class T>
double Painn<T>::Scratch::bytes() const {
  double sum = 0.0;
  for (const Buffer<T>* buffer :
       {&states, &mixed, &q, &product, &context, &hidden, &gains, &final_s, &readout, &scale,
        &g_gains, &g_hidden, &g_q, &g_mixed, &g_messages, &pairs}) {
    sum += buffer->bytes();
  }
  return sum + vectors.bytes() + errors.bytes();
}

template <class T>
void Painn<T>::release() {
  for (LayerState& layer : layers_) {
    for (Buffer<T>* buffer : {&layer.scalars, &layer.message, &layer.sent, &layer.mixed,
                              &layer.context, &layer.gains}) {
      buffer->release();
    }
  }
  for (Buffer<T>* buffer : {&gradient_, &next_gradient_, &pair_gradients_}) buffer->release();
  gradients_.release();
}

template <class T>
double Painn<T>::buffer_bytes() const {
  double sum = lists_.bytes() + species_.bytes() + gradient_.bytes() + next_gradient_.bytes() +
               pair_gradients_.bytes() + towards_.bytes() + gradients_.bytes() + exchange_.bytes();
  for (const LayerState& layer : layers_) {
    sum += layer.scalars.bytes() + layer.message.bytes() + layer.sent.bytes() +
           layer.mixed.bytes() + layer.context.bytes() + layer.gains.bytes();
  }
  for (const Scratch& scratch : scratch_) sum += scratch.bytes();
  return sum;
}

template class Painn<float>;
template class Painn<double>;

}  // namespace ipip::cpu
