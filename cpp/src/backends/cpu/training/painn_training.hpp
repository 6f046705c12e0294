// SPDX-License-Identifier: MIT
// Energies, forces and strain derivatives of a PaiNN student, and the gradient of a loss of them
// with respect to all parameters, without double backward and without numbers stored for each pair.
//
// With L(E, F, S) a loss, the parameters' gradient is that of
//     sum_f dL/dE_f E_f + D E,
// where D is the derivative along fixed changes of the pair vectors,
//     lambda_e = (dL/dF)_i - (dL/dF)_j + (dL/dS)^T r_e.
// Four sweeps: forward, backward (which yields F and S), tangent of the forward sweep along lambda,
// tangent of the backward sweep.
//
// i: receiving atom, j: sending atom, e: pair, f: frame, l: layer, F: channels.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../inference/pair_lists.hpp"
#include "filter_tables.hpp"
#include "ipip/student.hpp"
#include "kernels.hpp"
#include "matrix.hpp"
#include "model/painn_model.hpp"
#include "value_and_tangent.hpp"

namespace ipip::training {

/// What does not change in a training.
struct Architecture {
  RadialFilter radial;  ///< basis, envelope and cutoff
  std::int64_t layers = 0;
  double epsilon = 0.0;      ///< under the square root of norms
  double table_error = 0.0;  ///< of the splines of the radial basis
  std::string instruction_set = "auto";
};

/// Frames as one graph; pairs ordered by receiver, each there in both directions.
struct Frames {
  at::Tensor species;        ///< [n] int64
  at::Tensor edge_index;     ///< [2, n_pairs] int64
  at::Tensor edge_vec;       ///< [n_pairs, 3] float64, Å
  at::Tensor frame_of_atom;  ///< [n] int64
  std::int64_t n_frames = 0;
};

/// What turns the network's output into energies.
struct EnergyScale {
  at::Tensor scale;              ///< [n_species] float64, eV
  at::Tensor offset;             ///< [n_species] float64, eV
  std::vector<at::Tensor> core;  ///< charges, inverse_length, reach of the ZBL core, or none
};

/// One of the two precisions.
class Training {
 public:
  virtual ~Training() = default;
  /// Sweeps one and two: energies [n_frames], forces [n, 3], strain derivatives [n_frames, 3, 3].
  virtual std::vector<at::Tensor> evaluate(const std::vector<at::Tensor>& parameters,
                                           const Frames& frames, const EnergyScale& scale) = 0;
  /// Sweeps three and four, for the frames and parameters of the last `evaluate`: gradients in the
  /// order of the parameters.
  virtual std::vector<at::Tensor> gradients(const at::Tensor& of_energy,
                                            const at::Tensor& of_forces,
                                            const at::Tensor& of_strain) = 0;
  /// For a log.
  virtual std::string description() const = 0;
};

/// In the precision of the parameters.
std::unique_ptr<Training> make_training(const Architecture& architecture, std::int64_t channels,
                                        at::ScalarType dtype);

/// Parameters of y = x W^T + b.
struct LinearWeights {
  at::Tensor weight;  ///< [out, in]
  at::Tensor bias;    ///< [out], undefined where there is none
};

/// Their gradients have the same shape.
struct LayerWeights {
  LinearWeights filter;      ///< K -> 3 F
  LinearWeights message[2];  ///< F -> F -> 3 F
  LinearWeights mix;         ///< F -> 2 F
  LinearWeights context[2];  ///< 2 F -> F -> ss, sv, vv (ss, sv in the last layer)
};

struct Weights {
  at::Tensor embedding;  ///< [n_species, F]
  std::vector<LayerWeights> layers;
  LinearWeights readout[2];  ///< F -> H -> heads
};

/// Widths before padding to multiples of 16.
struct Widths {
  std::int64_t channels = 0;
  std::int64_t readout = 0;
};

/// `unpack` pads the list that Python passes (PainnKernels); `pack` turns gradients into such a
/// list.
Weights unpack(const std::vector<at::Tensor>& parameters, std::int64_t layers);
std::vector<at::Tensor> pack(Weights gradients, const Widths& widths);

template <class T>
class PainnTraining final : public Training {
 public:
  PainnTraining(const Architecture& architecture, std::int64_t channels);

  std::vector<at::Tensor> evaluate(const std::vector<at::Tensor>& parameters, const Frames& frames,
                                   const EnergyScale& scale) override;
  std::vector<at::Tensor> gradients(const at::Tensor& of_energy, const at::Tensor& of_forces,
                                    const at::Tensor& of_strain) override;
  std::string description() const override;

 private:
  using Rows = ValueAndTangent<T>;
  using Gradient = ValueAndTangent<T, true>;

  struct Layer {
    Rows states, z, h, messages;  // before the messages; layer 0: values by species
    Rows after, mixed, q, product, z_context, h_context, a;
    Gradient g_out, g_after, g_a, g_h_context, g_z_context, g_q, g_mixed;
    Gradient g_messages, g_h, g_z;
    cpu::Buffer<T> table, table_gradient;
    Matrix<T> to_hidden, to_messages, mix, to_context, to_gains;
  };
  struct TangentColumns {
    cpu::Buffer<T> d, ux, uy, uz;
    void reserve(std::size_t n);
    PairTangents<T> view() const { return {d.data(), ux.data(), uy.data(), uz.data()}; }
  };

  // painn_training.cpp
  void take(const Frames& frames, const EnergyScale& scale);
  void take_weights(const std::vector<at::Tensor>& parameters);
  void reserve();

  // painn_forward.cpp
  void forward(std::size_t l);
  void readout(double* energies);
  void backward(std::size_t l);
  void pair_gradients(double* energies, double* forces, double* strain);

  // painn_tangent.cpp
  void change_pairs(const double* of_forces, const double* of_strain);
  void forward_tangent(std::size_t l);
  void readout_tangent(const double* of_energy);
  void backward_tangent(std::size_t l);
  void backward_messages_tangent(std::size_t l);
  void backward_first_messages();
  LinearWeights gradient_of(Gradient& g, Rows& x);
  void add_outer(at::Tensor& weight, Gradient& g, std::int64_t g_at, Rows& x, std::int64_t x_at);

  cpu::EdgePass<T> pass(std::size_t l);
  TangentPass<T> tangent_pass(std::size_t l);
  UpdateRows<T> update_rows(std::size_t l);
  std::int64_t n_pairs() const { return static_cast<std::int64_t>(graph_.receivers.size()); }
  bool is_last(std::size_t l) const { return l + 1 == layers_.size(); }
  static int parts(std::size_t l) { return l == 0 ? 2 : 3; }

  const cpu::Kernels<T>& kernels_;
  const TrainingKernels<T>& tangents_;
  std::int64_t channels_;
  T epsilon_;
  FilterTables<T> tables_;
  cpu::PairLists<T> lists_;
  std::vector<Layer> layers_;

  Graph graph_;
  std::int64_t n_ = 0;
  std::int64_t n_frames_ = 0;
  std::int64_t n_species_ = 0;
  std::vector<std::int32_t> species_;
  std::vector<std::int64_t> frame_of_atom_;
  std::vector<double> scale_, offset_;
  bool has_core_ = false;
  PainnModel core_;

  Weights weights_, gradient_;
  Widths widths_;
  Rows final_, z_readout_;
  Gradient g_z_readout_;
  Matrix<T> to_readout_;
  cpu::Buffer<T> readout_weight_, row_scale_, row_seed_;
  cpu::Buffer<T> pairs_;  // [n_pairs, 4] (dE/dd, dE/du)
  TangentColumns changes_;
};

}  // namespace ipip::training
