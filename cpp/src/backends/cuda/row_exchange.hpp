// SPDX-License-Identifier: MIT
// Rows that travel between ranks: packed on the device, sent by MPI from there or through memory of
// the host, while the device computes what no rank waits for.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ipip/halo.hpp"
#include "machine.hpp"
#include "memory.hpp"
#include "step_recording.hpp"

namespace ipip::cuda {

template <class T>
class RowExchange {
 public:
  /// @param machine   outlives this
  /// @param channels  of the student
  /// @param padded    channels of a row's part on the device
  RowExchange(Machine& machine, std::int64_t channels, std::int64_t padded);

  /// Takes the thread's exchanger for a step.
  /// @param n_local     rows [0, n_local) are this rank's
  /// @param n_total     halo rows follow up to here
  /// @param generation  when it changes, the rows that travel may change
  /// @param most_parts  of the widest rows
  /// @throws ipip::Error  there are halo rows, but no exchanger, or one for other rows
  void start(std::int64_t n_local, std::int64_t n_total, std::uint64_t generation, int most_parts);

  bool active() const { return exchanger_ != nullptr; }

  /// Rows that must be ready before `begin`.
  std::int64_t n_early() const { return n_early_; }

  /// Packs rows, and sends them when the queue gets there.
  /// @param rows  [n_total, parts, padded]
  void begin(StepRecording& step, Array<T> rows, int parts);

  /// Halo rows are filled for work queued after this.
  void end(StepRecording& step, Array<T> rows, int parts);

  double seconds() const { return exchanger_ != nullptr ? exchanger_->seconds() : 0.0; }
  double host_bytes() const { return host_rows_.bytes() + host_sent_.bytes() + host_halo_.bytes(); }

 private:
  void send(int parts);
  void exchange(int parts);

  Machine& machine_;
  std::int64_t channels_, padded_;
  std::shared_ptr<HaloExchanger> exchanger_;
  std::weak_ptr<HaloExchanger> planned_;  // whose rows are below
  std::uint64_t generation_ = 0;
  bool on_device_ = false;  // whether the exchanger reads rows from the device
  std::int64_t n_local_ = 0, n_halo_ = 0, n_early_ = 0;
  Memory<int> rows_;       // [n_sent]
  Memory<T> sent_, halo_;  // [n_sent, widest], [n_halo, widest]
  HostMemory<int> host_rows_;
  HostMemory<T> host_sent_, host_halo_;
};

}  // namespace ipip::cuda
