// SPDX-License-Identifier: MIT
// What training adds to the arithmetic of the kernels (inference/kernels.hpp): the tangent
// of the forward sweep along given changes of the pair vectors, and the tangent of the backward
// sweep.
//
// Letters and rows as in inference/kernels.hpp; l: layer; F is a multiple of 16. Of any y, y_dot is
// the tangent and g(y) = dE/dy; g(y)_dot, the tangent of that, is the gradient of the tangent of E
// with respect to y.
#pragma once

#include <cstdint>
#include <string>

#include "../inference/kernels.hpp"

namespace ipip::training {

/// A value and its tangent.
template <class T>
struct Dual {
  const T* value = nullptr;
  const T* tangent = nullptr;
};

/// Changes of distance (Å) and unit vector of pairs, in the order of the pairs they belong to.
template <class T>
struct PairTangents {
  const T* d = nullptr;
  const T* ux = nullptr;
  const T* uy = nullptr;
  const T* uz = nullptr;
};

/// One layer's pass over pairs. In the first layer messages are [n_species, 3 F], nothing but the
/// pairs has a tangent, there are no vectors to read, and tables have two parts.
template <class T>
struct TangentPass {
  cpu::PairRows<T> pairs;
  PairTangents<T> tangents;
  cpu::Table<T> table;
  std::int64_t channels = 0;
  bool first_layer = false;
  const std::int32_t* species = nullptr;  ///< [n]
  Dual<T> messages;                       ///< [n, 3 F], or [n_species, 3 F]
  Dual<T> states;                         ///< [n, 4 F] before the layer
  Dual<T> gradients;                      ///< [n, 4 F] with respect to states after the messages
};

/// A layer's node-wise part, n rows.
template <class T>
struct UpdateRows {
  std::int64_t n = 0;
  std::int64_t channels = 0;
  bool vectors = true;  ///< false in the last layer, whose vectors nothing reads
  Dual<T> mixed;        ///< [n, 6 F]
  Dual<T> q;            ///< [n, 2 F] scalars and norms
  Dual<T> product;      ///< [n, F] <Uv, Vv>
  Dual<T> a;            ///< [n, 3 F] ss, sv, vv; [n, 2 F] in the last layer
};

template <class T>
struct TrainingKernels {
  const char* name;

  /// out = the tangents of the states + those of the messages that rows [0, n) receive, [n, 4 F].
  void (*receive)(const TangentPass<T>& pass, std::int64_t n, T* out);
  /// Tangent of the adjoint of the messages, gathered by senders [0, n): message_g_dot [n, 3 F] and
  /// state_g_dot [n, 4 F] are overwritten, table_gradient (laid out as the table) is added to.
  void (*send_back)(const TangentPass<T>& pass, std::int64_t n, T* message_g_dot, T* state_g_dot,
                    T* table_gradient);
  /// The same in the first layer, over receivers: both results are added to; message_g_dot is
  /// [n_species, 3 F].
  void (*first_back)(const TangentPass<T>& pass, std::int64_t n, T* message_g_dot,
                     T* table_gradient);

  /// h_dot = SiLU'(z) z_dot.
  void (*silu)(const T* z, const T* z_dot, std::int64_t n, T* h_dot);
  /// From g = dE/dh and g_dot to the tangent of SiLU'(z) g, in place.
  void (*silu_back)(const T* z, const T* z_dot, const T* g, std::int64_t n, T* g_dot);
  /// q_dot, product_dot from `mixed`, `q` and the tangent of the states after the messages.
  void (*norms)(const UpdateRows<T>& rows, const T* after_dot, T* q_dot, T* product_dot);
  /// next_dot from `after_dot`; [n, 4 F], or [n, F] in the last layer.
  void (*update)(const UpdateRows<T>& rows, const T* after_dot, T* next_dot);
  /// a_g_dot from the gradients g [n, 4 F] on the layer's outcome.
  void (*back_a)(const UpdateRows<T>& rows, Dual<T> g, T* a_g_dot);
  /// mixed_g_dot from g on the layer's outcome and on q; adds q's scalar half to after_g_dot.
  void (*back_mixed)(const UpdateRows<T>& rows, Dual<T> g, Dual<T> q_g, T* after_g_dot,
                     T* mixed_g_dot);
  /// z_g_dot of scale[n] (SiLU(z).w), whose own weight in the loss is seed[n], and its gradient
  /// with respect to w, added to w_gradient [width].
  void (*readout_back)(Dual<T> z, const T* w, const T* scale, const T* seed, std::int64_t n,
                       std::int64_t width, T* z_g_dot, T* w_gradient);
  /// w[m, k] += g[n, m]^T x[n, k]; m and k are multiples of 16.
  void (*outer)(const T* g, std::int64_t ldg, const T* x, std::int64_t ldx, std::int64_t n, T* w,
                int m, int k);
};

/// The training kernels of the same instruction set as the kernels of that name.
template <class T>
const TrainingKernels<T>& training_kernels(const std::string& name);

}  // namespace ipip::training
