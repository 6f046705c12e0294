// SPDX-License-Identifier: MIT
#include "row_exchange.hpp"

#include <string>
#include <type_traits>

#include "halo/halo_session.hpp"
#include "ipip/error.hpp"

namespace ipip::cuda {

template <class T>
RowExchange<T>::RowExchange(Machine& machine, std::int64_t channels, std::int64_t padded)
    : machine_(machine),
      channels_(channels),
      padded_(padded),
      rows_(machine),
      sent_(machine),
      halo_(machine),
      host_rows_(machine),
      host_sent_(machine),
      host_halo_(machine) {}

template <class T>
void RowExchange<T>::start(std::int64_t n_local, std::int64_t n_total, std::uint64_t generation,
                           int most_parts) {
  exchanger_ = active_halo_exchanger();
  n_local_ = n_local;
  n_halo_ = n_total - n_local;
  n_early_ = 0;
  const std::int64_t expected = exchanger_ != nullptr ? exchanger_->n_total() : n_local;
  if (n_total != expected) {
    throw Error("the graph has " + std::to_string(n_total) + " rows, " + std::to_string(n_local) +
                " of them local, expected " + std::to_string(expected) +
                ": halo rows need an active exchanger for them");
  }
  if (!active()) return;
  n_early_ = exchanger_->n_early();
  if (generation == generation_ && planned_.lock() == exchanger_) return;
  cuda::assign(machine_, exchanger_->sent_rows(), host_rows_, rows_);
  on_device_ = exchanger_->takes_device_memory();
  const std::int64_t widest = most_parts * channels_;
  sent_.resize(rows_.size() * widest);
  halo_.resize(n_halo_ * widest);
  host_sent_.resize(on_device_ ? 0 : sent_.size());
  host_halo_.resize(on_device_ ? 0 : halo_.size());
  generation_ = generation;
  planned_ = exchanger_;
}

template <class T>
void RowExchange<T>::begin(StepRecording& step, Array<T> rows, int parts) {
  if (!active()) return;
  PackRows<T> pack;
  pack.channels = static_cast<int>(channels_);
  pack.padded = static_cast<int>(padded_);
  pack.parts = parts;
  pack.rows = rows_.array();
  pack.from = rows;
  pack.to = sent_.array();
  machine_.launch(pack);
  step.between([this, parts] { send(parts); });
}

template <class T>
void RowExchange<T>::end(StepRecording& step, Array<T> rows, int parts) {
  if (!active()) return;
  step.between([this, parts] { exchange(parts); });
  UnpackRows<T> unpack;
  unpack.channels = static_cast<int>(channels_);
  unpack.padded = static_cast<int>(padded_);
  unpack.parts = parts;
  unpack.n_local = n_local_;
  unpack.n_halo = n_halo_;
  unpack.from = halo_.array();
  unpack.to = rows;
  machine_.launch(unpack);
}

// Copies have a separate queue: the device computes meanwhile.
template <class T>
void RowExchange<T>::send(int parts) {
  machine_.follow(Queue::copy);
  const std::int64_t count = rows_.size() * parts * channels_;
  if (on_device_ || count == 0) return;
  machine_.download(host_sent_.data(), sent_.array().data, 0, count, sizeof(T), Queue::copy);
}

template <class T>
void RowExchange<T>::exchange(int parts) {
  machine_.wait(Queue::copy);
  const std::int64_t width = parts * channels_, count = n_halo_ * width;
  T* const halo = on_device_ ? halo_.array().data : host_halo_.data();
  HaloSession* const session = HaloSession::active();
  if (session != nullptr) session->begin_forward(width);
  constexpr Scalar kScalar = std::is_same_v<T, float> ? Scalar::float32 : Scalar::float64;
  exchanger_->begin_packed(on_device_ ? sent_.array().data : host_sent_.data(), halo, width,
                           kScalar);
  if (session != nullptr) session->begin_halves();
  exchanger_->end_forward();
  if (session != nullptr) session->end_halves();
  if (count == 0) return;
  if (on_device_) {
    machine_.written(halo, count, sizeof(T));
  } else {
    machine_.upload(halo_.array().data, 0, halo, count, sizeof(T), Queue::copy);
    machine_.follow(Queue::compute);
  }
}

template class RowExchange<float>;
template class RowExchange<double>;

}  // namespace ipip::cuda
