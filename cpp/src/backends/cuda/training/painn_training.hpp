// SPDX-License-Identifier: MIT
// The four sweeps of a training step on a machine, each a queue of launches.
//
// i: receiving atom, j: sending atom, e: pair, l: layer, F: channels (padded).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../machine.hpp"
#include "../memory.hpp"
#include "device_training.hpp"
#include "kernel_list.hpp"
#include "kernels.hpp"
#include "weight_layout.hpp"

namespace ipip::cuda {

template <class T>
class PainnTraining final : public DeviceTraining {
 public:
  PainnTraining(std::unique_ptr<Machine> machine, const TrainingShape& shape);

  void evaluate(const TrainingFrames& frames, void* stream) override;
  void gradients(const TrainingSlopes& slopes, void* stream) override;
  std::int64_t n_weights() const override { return layout_.n_weights; }
  std::int64_t pieces() const override { return pieces_; }
  std::string description() const override;

 private:
  // Numbers with their tangents.
  struct Rows {
    explicit Rows(Machine& machine) : value(machine), tangent(machine) {}
    Memory<T> value, tangent;
    int width = 0;
    void resize(std::int64_t n, int columns) {
      width = columns;
      value.resize(n * columns);
      tangent.resize(n * columns);
    }
    void forget() {
      value.forget();
      tangent.forget();
    }
    Dual<T> dual() const { return {value.array(), tangent.array()}; }
    Columns<T> values(std::int64_t at = 0) const { return {value.array(), width, at}; }
    Columns<T> tangents(std::int64_t at = 0) const { return {tangent.array(), width, at}; }
  };

  struct Layer {
    explicit Layer(Machine& machine);
    Rows scalars, z, h, sent;  // before the messages; layer 0: values by species, no scalars
    Rows after, mixed, q, product, z_context, h_context, a;
    Rows g_out, g_after, g_a, g_h_context, g_z_context, g_q, g_mixed;
    Rows g_messages, g_h, g_z;
    Memory<T> table, table_gradient;
    std::array<Rows*, 21> all();
  };

  // Whole numbers of the caller.
  struct Indices {
    explicit Indices(Machine& machine);
    Memory<int> species, frames, first, receivers, neighbours, piece, piece_first, piece_pairs,
        sent_first, sent;
  };

  // painn_training.cpp
  void take(const TrainingFrames& frames);
  void resize();
  void forget();
  template <class Number>
  void copy_in(const void* from, std::int64_t size, Memory<Number>& to);
  template <class Kernel>
  void launch(const Kernel& kernel) {
    if constexpr (TrainingKernels::has<Kernel>) {
      machine_->launch_training(TrainingKernels::number<Kernel>(), &kernel);
    } else {
      machine_->launch(kernel);
    }
  }
  void multiply(Columns<T> x, const PackedLinear& linear, Columns<T> y, std::int64_t n, bool bias);
  void multiply_back(Columns<T> g, const PackedLinear& linear, Columns<T> y, std::int64_t n,
                     Columns<T> base = {});
  void activate(const Rows& z, const Rows& h, std::int64_t n, bool tangent);
  void activate_back(const Rows& z, const Rows& g, const Rows& out, std::int64_t n, bool tangent);
  template <class Kernel>
  Kernel nodes(std::size_t l) const;
  PairRows<T> pairs() const;
  Table<T> table(const Memory<T>& numbers) const { return {numbers.array(), table_rows_}; }

  // forward.cpp
  void make_tables();
  void forward(std::size_t l);
  void readout();
  void backward(std::size_t l);
  void backward_messages(std::size_t l);
  void finish(const TrainingFrames& frames);
  LayerRows<T> layer_rows(std::size_t l) const;

  // tangents.cpp
  void forward_tangent(std::size_t l);
  void readout_tangent();
  void backward_tangent(std::size_t l);
  void backward_messages_tangent(std::size_t l);
  void backward_first_messages();
  TangentRows<T> tangent_rows(std::size_t l) const;
  template <bool first>
  void table_gradient(std::size_t l);

  // weight_gradients.cpp
  using Factors = std::vector<Columns<T>>;
  void gradient_of(const PackedLinear& linear, const Rows& g, const Rows& x);
  void first_gradient(const PackedLinear& linear, Columns<T> g, Columns<T> x);
  void outer(const Factors& g, const Factors& x, const PackedLinear& linear, std::int64_t n,
             bool add);
  void add_slices(int n_slices, std::int64_t count, bool add, Array<T> to, std::int64_t at);
  void column_sums(Columns<T> rows, int width, std::int64_t n, Array<T> to, std::int64_t at);
  void species_sums(Columns<T> rows, int width, Array<T> to, std::int64_t at);
  void filter_gradient(std::size_t l);

  bool is_last(std::size_t l) const { return l + 1 == layers_.size(); }
  std::int64_t senders(std::size_t l) const { return l == 0 ? n_species_ : n_; }
  int parts(std::size_t l) const { return l == 0 ? 2 : 3; }

  std::unique_ptr<Machine> machine_;
  WeightLayout layout_;
  int channels_;
  std::int64_t n_species_;
  double cutoff_;
  T epsilon_;
  std::int64_t pieces_ = 0;
  double table_error_ = 0.0;
  int table_rows_ = 0;
  std::int64_t n_ = 0, n_pairs_ = 0, n_frames_ = 0;

  Memory<T> basis_;  // [table_rows, K + 1, padded]: splines of envelope and basis
  Memory<int> packed_places_, unpacked_places_;
  Memory<T> given_, weights_, gradients_, given_gradients_;
  std::vector<Layer> layers_;
  Rows final_, z_readout_, g_z_readout_;
  Indices indices_;
  Memory<double> vectors_, scale_, offset_;
  std::array<Memory<double>, 3> core_;
  bool has_core_ = false;
  Memory<int> place_, count_, slot_;
  Memory<T> shape_, pair_gradients_, changes_, shares_, first_messages_, slices_;
  Memory<double> energies_, virials_, forces_, frame_sums_, of_energy_, of_forces_, of_strain_;
};

// Arguments that all parts of a layer's update share.
template <class T>
template <class Kernel>
Kernel PainnTraining<T>::nodes(std::size_t l) const {
  const Layer& layer = layers_[l];
  Kernel kernel;
  kernel.n_rows = n_;
  kernel.channels = channels_;
  kernel.epsilon = epsilon_;
  kernel.vectors = !is_last(l);
  kernel.after = layer.after.dual();
  kernel.mixed = layer.mixed.dual();
  kernel.q = layer.q.dual();
  kernel.product = layer.product.dual();
  kernel.a = layer.a.dual();
  return kernel;
}

}  // namespace ipip::cuda
