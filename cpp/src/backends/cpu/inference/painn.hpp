// SPDX-License-Identifier: MIT
// PaiNN without tensors: energies and gradients on pair vectors by two sweeps over the pairs a
// layer.
//
// i: receiving atom, j: sending atom, e: pair, l: layer, F: channels (padded).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "buffer.hpp"
#include "evaluator.hpp"
#include "exchange.hpp"
#include "expected_errors.hpp"
#include "kernels.hpp"
#include "model/painn_model.hpp"
#include "packed_weights.hpp"
#include "pair_lists.hpp"

namespace ipip::cpu {

template <class T>
class Painn final : public Evaluator {
 public:
  /// @param kernels      of this processor
  /// @param model        the student
  /// @param table_error  target, see RadialTable
  /// @param most_pairs   mean number of pairs per atom of a block up to which the first layer's
  ///                     matrices are taken from tables; negative for the default
  /// @param threads      threads of one evaluation
  /// @param uncertainty  expected errors, if the file has them
  /// @param bias         of a student with an uncertainty
  Painn(const Kernels<T>& kernels, PainnModel model, double table_error, double most_pairs,
        int threads, const std::optional<Uncertainty>& uncertainty, const Bias& bias);

  /// Properties that the graphs of the following steps share. `line`: all vectors lie on the x
  /// axis, so the products for the other axes are skipped. `mirror`: in addition, each row has one
  /// neighbour, its mirror image; the graph gives it as the row itself, at +x.
  enum class Symmetry { none, line, mirror };
  void set_symmetry(Symmetry symmetry) { symmetry_ = symmetry; }
  /// Rows that all threads together work on at once.
  std::int64_t rows_at_once() const { return block_ * threads_; }

  void evaluate(const Graph& graph, double* energies, double* uncertainties,
                const TakeGradients& take) override;
  const double* bias_energies() const override {
    return bias_.on() ? bias_energies_.data() : nullptr;
  }
  void features(const Graph& graph, double* features) override;
  std::int64_t feature_width() const override { return model_.channels; }
  double forward_seconds() const override { return forward_seconds_; }
  double backward_seconds() const override { return backward_seconds_; }
  std::vector<std::int64_t> exchange_widths() const override;
  void release() override;
  double buffer_bytes() const override;
  std::string description() const override;

 private:
  double forward_seconds_ = 0.0;
  double backward_seconds_ = 0.0;
  double take_seconds_ = 0.0;
  // What a layer's forward sweep leaves for the backward one.
  struct LayerState {
    Buffer<T> scalars;  // [n_local, F] before the layer; none in layer 0
    Buffer<T> message;  // [n_local, F] argument of the message's SiLU; none in layer 0
    Buffer<T> sent;     // [n_total, 6 F] messages, vectors before the layer; none in layer 0
    Buffer<T> mixed;    // [n_local, 6 F]; none in the last layer
    Buffer<T> context;  // [n_local, F] argument of the update's SiLU; none in the last layer
    Buffer<T> gains;    // [n_local, 3 F]; none in the last layer
  };

  // One thread's rows of a block of atoms.
  struct Scratch {
    Buffer<T> states, mixed, q, product, context, hidden, gains, final_s, readout, scale;
    Buffer<T> g_gains, g_hidden, g_q, g_mixed, g_messages;
    Buffer<T> pairs;                             // [pairs of a block, 4] (dE/dd, dE/du)
    Buffer<double> vectors;                      // [pairs of a block, 3] dE/d(vectors)
    typename ExpectedErrors<T>::Scratch errors;  // empty if the file has none
    void reserve(std::int64_t rows, std::int64_t channels, std::int64_t readout_width);
    double bytes() const;
  };

  void prepare(const Graph& graph);
  bool tabulates_first(std::int64_t begin, std::int64_t end) const;
  void send_messages(std::size_t l, std::int64_t begin, std::int64_t end, Scratch& scratch);
  // What the last layer gives: energies and their gradients, or features alone.
  struct Wishes {
    double* energies = nullptr;       // [n_local]
    double* uncertainties = nullptr;  // [n_local], null if not requested
    double* features = nullptr;       // [n_local, channels of the student], null as well
  };
  void forward_block(std::size_t l, std::int64_t begin, std::int64_t end, Scratch& scratch,
                     const Wishes& wishes);
  void expect_errors(std::int64_t begin, std::int64_t end, Scratch& scratch,
                     double* uncertainties) const;
  void take_last_scalars(std::int64_t rows, Scratch& scratch) const;
  void add_bias(std::int64_t begin, std::int64_t end, Scratch& scratch, double* energies);
  void finish_block(std::int64_t begin, std::int64_t end, Scratch& scratch, double* energies);
  void add_last_scalars(std::int64_t rows, const Scratch& scratch, T* scalars) const;
  void backward(const Graph& graph, double* energies, const TakeGradients& take);
  void backward_update(std::size_t l, const T* mixed, const T* context, const T* gains, T* g,
                       std::int64_t rows, bool tabulated, Scratch& scratch);
  void backward_kept_update(std::size_t l, std::int64_t begin, std::int64_t end, Scratch& scratch,
                            T* gradient);
  void backward_messages(const EdgePass<T>& sent, std::size_t l, std::int64_t begin,
                         std::int64_t end, Scratch& scratch, T* below);
  void backward_first(const Graph& graph, std::int64_t begin, std::int64_t end, Scratch& scratch,
                      const T* gradient, double* energies, const TakeGradients& take);
  void take_timed(const TakeGradients& take, std::int64_t begin, std::int64_t end,
                  const double* gradients);
  T* pair_rows(std::int64_t begin, Scratch& scratch);
  void clear_pairs(std::int64_t begin, std::int64_t end, Scratch& scratch);
  void pair_gradients(const Graph& graph, std::int64_t begin, std::int64_t end, double* energies,
                      const T* g, double* gradients);
  EdgePass<T> pass(std::size_t l) const;
  FirstPass<T> first_pass() const;
  int axes() const { return symmetry_ == Symmetry::none ? 3 : 1; }
  // Messages by which a row takes its image's vectors, which have the opposite sign: -phi^vv.
  void turn_back(T* messages, std::int64_t pitch, std::int64_t n_rows) const;
  // Zeros for the axes that no vector points along, in rows of `parts` parts for each axis.
  void clear_axes(T* rows, std::int64_t pitch, int parts, std::int64_t n_rows) const;
  template <class F>
  void each_block(std::int64_t first, std::int64_t last, bool upwards, F&& work);
  template <class F>
  void stage(Buffer<T>* sent, int parts, bool upwards, F&& work);
  void gemm(const Packed<T>& w, const T* bias, const T* a, std::int64_t lda, T* c, std::int64_t ldc,
            std::int64_t rows, bool accumulate) const {
    kernels_.gemm(a, lda, w.data.data(), bias, c, ldc, rows, w.n, w.k, accumulate);
  }
  bool is_last(std::size_t l) const { return l + 1 == weights_.layers.size(); }

  const Kernels<T>& kernels_;
  PainnModel model_;
  PackedPainn<T> weights_;
  std::optional<ExpectedErrors<T>> errors_;
  double most_pairs_;  // of an atom, where the first layer is tabulated
  Bias bias_;
  int threads_;
  Symmetry symmetry_ = Symmetry::none;
  std::int64_t block_;  // atoms worked on at once, so that their rows stay in the cache
  std::int64_t n_local_ = 0;
  std::int64_t n_total_ = 0;
  PairLists<T> lists_;
  Exchange<T> exchange_;
  std::vector<LayerState> layers_;
  std::vector<Scratch> scratch_;  // [threads]
  Buffer<std::int32_t> species_;
  Buffer<T> towards_;             // [n_pairs] -1: from an image to its row; none without a mirror
  Buffer<T> gradient_;            // [n_total, 4 F] dE/d(state after the messages of a layer)
  Buffer<T> next_gradient_;       // [n_total, 4 F] the same, one layer down; none with fewer than 3
  Buffer<T> pair_gradients_;      // [n_pairs, 4] (dE/dd, dE/du); none with fewer than 3 layers
  Buffer<double> bias_energies_;  // [n_local]; none without a bias
  Buffer<double> gradients_;      // [n_pairs, 3] dE/d(vectors); none with one thread
};

}  // namespace ipip::cpu
