// SPDX-License-Identifier: MIT
// PaiNN on a machine: energies, forces and virials by two sweeps over the pairs a layer. The queue
// of a step is the same on every machine.
//
// i: receiving row, j: sending row, l: layer, F: channels (padded).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "device_model.hpp"
#include "ipip/student.hpp"
#include "machine.hpp"
#include "memory.hpp"
#include "model/painn_model.hpp"
#include "pair_source.hpp"
#include "row_exchange.hpp"
#include "step_recording.hpp"

namespace ipip::cuda {

template <class T>
class Painn {
 public:
  static constexpr std::int64_t kMostSlices = 64;  ///< of sums over rows

  /// @param machine      outlives this
  /// @param model        the student
  /// @param table_error  target, see RadialTable
  /// @param uncertainty  expected errors, if the file has them
  /// @throws ipip::Error  the student is too wide for the machine's blocks
  Painn(Machine& machine, const PainnModel& model, double table_error,
        const std::optional<Uncertainty>& uncertainty);

  /// One step of the pairs of a source, whose positions or vectors are set. Collective under the
  /// thread's exchanger.
  void evaluate(PairSource& source, const Wanted& wanted, Results& results);

  /// The final scalars of each row, [n_local, channels of the student], from which the readout
  /// computes energies, for a source without halo rows.
  void features(PairSource& source, std::vector<double>& rows);
  std::int64_t feature_width() const { return bare_channels_; }

  std::vector<std::int64_t> exchange_widths() const;
  void release();
  double host_bytes() const;
  int pieces() const { return model_.pieces; }
  double table_error() const { return model_.table_error; }

 private:
  // What a layer's forward sweep leaves for the backward one.
  struct Layer {
    explicit Layer(Machine& machine)
        : scalars(machine),
          hidden(machine),
          sent(machine),
          mixed(machine),
          context(machine),
          gains(machine) {}
    Memory<T> scalars;  // [n_local, F] before the layer; none in layer 0
    Memory<T> hidden;   // [n_local, F] argument of the message's SiLU; none in layer 0
    Memory<T> sent;     // [n_total, 6 F] messages, vectors before the layer; none in layer 0
    Memory<T> mixed;    // [n_local, 6 F]
    Memory<T> context;  // [n_local, F] argument of the update's SiLU
    Memory<T> gains;    // [n_local, 3 F]; of the last layer [n_local, F]
    std::array<Memory<T>*, 6> all() { return {&scalars, &hidden, &sent, &mixed, &context, &gains}; }
  };

  // What queues were recorded for: conditions of all, and of each.
  struct Recorded {
    std::uint64_t generation = 0;
    std::int64_t allocations = 0;
    bool exchanges = false;
    bool operator==(const Recorded&) const = default;
  };
  struct RecordedStep {
    bool atom_virials = false, uncertainties = false, totals = false;
    bool operator==(const RecordedStep&) const = default;
  };

  template <template <class, int> class Kernel, class Fill>
  void launch_strip(Fill&& fill);
  void prepare(const PairSource& source, const Wanted& wanted);
  void replay_step(PairSource& source, const Wanted& wanted);
  void forget_step();
  void queue_step(PairSource& source);
  void queue_forward(const PairSource& source);
  void queue_backward(const PairSource& source);
  void queue_forces(const PairSource& source);
  void queue_totals();
  template <class Nodes, class Pairs>
  void exchanged(Array<T> rows, int parts, const Nodes& nodes, const Pairs& pairs);
  void queue_receive(const PairSource& source, std::size_t l, RowRange range);
  void queue_update(const PairSource& source, std::size_t l, RowRange range);
  void queue_errors(const PairSource& source, RowRange range);
  void queue_send_back(const PairSource& source, std::size_t l, RowRange range);
  void queue_update_back(std::size_t l, RowRange range);
  void queue_first_back(const PairSource& source);
  Memory<T>& gradients_of(std::size_t l);
  PairRows<T> pairs(const PairSource& source) const;
  LayerRows<T> rows_of(std::size_t l, const PairSource& source) const;
  Tiles tiles(std::int64_t n_rows) const;
  void take_rows(TiledRows<T>& kernel, RowRange range) const;
  UpdateState<T> kept(std::size_t l) const;
  void take(const PairSource& source, Results& results) const;
  bool is_last(std::size_t l) const { return l + 1 == layers_.size(); }

  Machine& machine_;
  DeviceModel<T> model_;
  std::int64_t bare_channels_;  // without padding
  Linear last_context_;         // of the last layer's update, whose first outputs are a_ss
  double cutoff_;
  T epsilon_;
  Tiles most_tiles_;
  std::int64_t n_local_ = 0, n_total_ = 0;
  std::int64_t n_border_ = 0;  // rows up to the last that concerns other ranks
  RowExchange<T> exchange_;
  StepRecording step_;
  std::vector<Layer> layers_;
  Memory<T> states_;          // [n_total, 4 F] after the messages, then gradients below
  Memory<T> gradients_;       // [n_total, 4 F] dE/d(states)
  Memory<int> place_;         // [n_candidates, 2] of pairs
  Memory<T> shape_;           // [n_candidates, 4] of pairs
  Memory<int> count_;         // [n_local] pairs
  Memory<int> slot_;          // [n_candidates]
  Memory<T> pair_gradients_;  // [n_candidates, 4]
  Memory<double> energies_, forces_;
  Memory<double> row_sums_, slice_sums_, sums_;  // none if totals are not requested
  Memory<double> atom_virials_;                  // [n_total, 9] eV; none if not requested
  Memory<double> expected_;                      // [n_local] eV/Å; none if not requested
  HostMemory<double> host_energies_, host_sums_, host_forces_, host_atom_virials_, host_expected_;
  Recorded recorded_;
  std::vector<RecordedStep> recorded_steps_;  // by their numbers in step_
};

}  // namespace ipip::cuda
