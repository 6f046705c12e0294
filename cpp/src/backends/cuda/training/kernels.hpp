// SPDX-License-Identifier: MIT
// What training adds to the device kernels (../kernels.hpp), by its arguments: matrix products and
// their gradients, the pointwise parts of node-wise layers, and the tangents of both sweeps.
//
// Letters and rows as in ../kernels.hpp, equations in docs/training-kernels.md. Of any y, y_dot is
// the tangent, g(y) = dE/dy, and g(y)_dot the gradient of the tangent of E with respect to y. A
// lane holds one channel, so tables have chunks of 32 channels.
#pragma once

#include <cstdint>

#include "../kernels.hpp"

namespace ipip::cuda {

constexpr int kNodeThreads = 128;

/// A value and its tangent.
template <class T>
struct Dual {
  Array<T> value, tangent;
};

/// Rows `pitch` numbers apart, from number `at` on.
template <class T>
struct Columns {
  Array<T> numbers;
  int pitch = 0;
  std::int64_t at = 0;
};

/// to[k] = from[place[k]], and 0 where there is no place.
template <class T>
struct PickNumbers {
  static constexpr int kThreads = kItemThreads;
  static constexpr int kBlocks = 4;
  Array<int> place;  ///< [n] or -1
  Array<T> from;
  Array<T> to;  ///< [n]
  std::int64_t blocks() const { return blocks_for(to.size, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// y = base + bias + x W, 4 x 4 results a thread; W's sides are multiples of 4.
template <class T>
struct MultiplyRows {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = 4;
  std::int64_t n_rows = 0;
  Columns<T> x;
  Matrix<T> matrix;
  std::int64_t bias_at = -1;  ///< in the numbers of the matrix; negative: none
  Columns<T> base;            ///< none where it has no numbers; may be y
  Columns<T> y;
  std::int64_t blocks() const { return blocks_for((n_rows + 3) / 4 * (matrix.n / 4), kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// sums[slice, m, k] = sum over the slice's rows of g^T x, for one or two pairs of factors.
template <class T>
struct OuterSlices {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = 4;
  std::int64_t n_rows = 0;
  int n_slices = 1, first_slice = 0;
  int m = 0, k = 0;  ///< multiples of 4
  int n_terms = 1;
  Columns<T> g[2], x[2];
  Array<T> sums;  ///< [.., m, k]
  std::int64_t blocks() const {
    return blocks_for(std::int64_t(n_slices) * (m / 4) * (k / 4), kThreads);
  }
  std::int64_t shared_bytes() const { return 0; }
};

/// sums[slice, kind, c] = sum over the slice's rows of that kind.
template <class T>
struct ColumnSlices {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = 8;
  std::int64_t n_rows = 0;
  int n_slices = 1, n_kinds = 1, width = 0;
  Array<int> kinds;  ///< [n_rows]; none: all rows are of one kind
  Columns<T> rows;
  Array<T> sums;
  std::int64_t blocks() const {
    return blocks_for(std::int64_t(n_slices) * n_kinds * width, kThreads);
  }
  std::int64_t shared_bytes() const { return 0; }
};

/// to[at + k] = (add ? to[at + k] : 0) + sum over slices[.., count], in their order.
template <class T>
struct AddSlices {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = 8;
  std::int64_t count = 0;
  int n_slices = 1;
  bool add = false;
  Array<T> slices;
  Array<T> to;
  std::int64_t at = 0;
  std::int64_t blocks() const { return blocks_for(count, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// A thread for each channel of each row.
struct NodeKernel {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = 4;
  std::int64_t n_rows = 0;
  int channels = 0;
  std::int64_t blocks() const { return blocks_for(n_rows * channels, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// SiLU(z), or SiLU'(z) z_dot.
template <class T>
struct Activate : NodeKernel {
  bool tangent = false;
  Dual<T> z;
  Array<T> out;
};

/// SiLU'(z) g, or its tangent SiLU'(z) g_dot + SiLU''(z) z_dot g.
template <class T>
struct ActivateBack : NodeKernel {
  bool tangent = false;
  Dual<T> z, g;
  Array<T> out;
};

/// A layer's node-wise part.
template <class T>
struct NodeRows : NodeKernel {
  T epsilon = 0;
  bool vectors = true;  ///< false in the last layer, whose vectors nothing reads
  Dual<T> after;        ///< [n, 4 F] states after the messages
  Dual<T> mixed;        ///< [n, 6 F]
  Dual<T> q;            ///< [n, 2 F] scalars and norms
  Dual<T> product;      ///< [n, F] <Uv, Vv>
  Dual<T> a;            ///< [n, 3 F] ss, sv, vv; [n, 2 F] in the last layer
};

/// q and product from `after` and `mixed`.
template <class T>
struct TakeNorms : NodeRows<T> {};
template <class T>
struct TakeNormTangents : NodeRows<T> {};

/// The layer's output: scalars [n, F] and, not in the last layer, the vectors of sent rows.
template <class T>
struct NextStates : NodeRows<T> {
  Array<T> scalars, sent;
};
template <class T>
struct NextStateTangents : NodeRows<T> {
  Array<T> scalars, sent;
};

/// From g [n, 4 F] on the layer's output to g on a.
template <class T>
struct GainGradients : NodeRows<T> {
  Dual<T> g;
  Array<T> a_g;
};
template <class T>
struct GainGradientTangents : NodeRows<T> {
  Dual<T> g;
  Array<T> a_g;
};

/// From g on the layer's output and on q to g on `mixed` and on the scalars of `after`.
template <class T>
struct MixedGradients : NodeRows<T> {
  Dual<T> g, q_g;
  Array<T> after_g, mixed_g;
};
template <class T>
struct MixedGradientTangents : NodeRows<T> {
  Dual<T> g, q_g;
  Array<T> after_g, mixed_g;
};

/// E_i = offset + scale (SiLU(z).w + shift), and dE/dz: a warp a row.
template <class T>
struct ReadoutRows {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = 4;
  std::int64_t n_rows = 0;
  int width = 0;
  Array<int> species;           ///< [n]
  Array<double> scale, offset;  ///< [n_species] eV
  Array<T> weights;
  std::int64_t weight_at = 0, shift_at = 0;
  Array<T> z, z_g;         ///< [n, width]
  Array<double> energies;  ///< [n] eV
  std::int64_t blocks() const { return blocks_for(n_rows, kThreads / kLanes); }
  std::int64_t shared_bytes() const { return 0; }
};

/// The tangent of dE/dz, where atom i's energy has the weight of its frame, and what each row adds
/// to the gradients of w and, in column `width`, of the shift.
template <class T>
struct ReadoutBack {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = 4;
  std::int64_t n_rows = 0;
  int width = 0, pitch = 0;  ///< of `shares`
  Array<int> species, frames;
  Array<double> scale;      ///< [n_species] eV
  Array<double> of_energy;  ///< [n_frames]
  Array<T> weights;
  std::int64_t weight_at = 0;
  Dual<T> z;
  Array<T> z_g;     ///< [n, width]
  Array<T> shares;  ///< [n, pitch]
  std::int64_t blocks() const { return blocks_for(n_rows * pitch, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// Geometry of pairs whose pieces are given, and what makes each of them a separate candidate.
template <class T>
struct PlacePairs {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = 8;
  std::int64_t n_rows = 0, n_pairs = 0;
  Array<double> vectors;         ///< [n_pairs, 3] Å
  Array<int> neighbours, piece;  ///< [n_pairs]
  int pieces = 0;                ///< from this one on a pair is beyond the cutoff
  PairRows<T> pairs;
  Array<int> slot;  ///< [n_pairs]
  std::int64_t blocks() const { return blocks_for(n_rows > n_pairs ? n_rows : n_pairs, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// Changes of distance and direction of pairs along
///     lambda_e = (dL/dF)_i - (dL/dF)_j + (dL/dS)^T r_e.
template <class T>
struct ChangePairs {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = 8;
  std::int64_t n_pairs = 0;
  Array<double> vectors;               ///< [n_pairs, 3] Å
  Array<int> receivers, neighbours;    ///< [n_pairs]
  Array<int> frames;                   ///< [n]
  Array<double> of_forces, of_strain;  ///< [n, 3], [n_frames, 9]
  Array<T> changes;                    ///< [n_pairs, 4] d_dot (Å), u_dot
  std::int64_t blocks() const { return blocks_for(n_pairs, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// What a layer's tangent passes over pairs read. In the first layer messages are [n_species, 3 F],
/// nothing but the pairs has a tangent, and tables have two parts.
template <class T>
struct TangentRows {
  std::int64_t n_rows = 0;
  int channels = 0;
  PairRows<T> pairs;
  Array<T> changes;  ///< [n_pairs, 4]
  Table<T> table;
  Array<int> species;  ///< [n]
  Dual<T> sent;        ///< [n, 6 F]
  Dual<T> gradients;   ///< [n, 4 F] on the states after the messages; not read forward
};

/// Tangents of the states after the messages.
template <class T, bool first>
struct ReceiveTangents {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = sizeof(T) == 4 ? 6 : 3;
  TangentRows<T> rows;
  Array<T> scalars;  ///< [n, F] tangents before the layer; none in the first
  Array<T> states;   ///< [n, 4 F]
  std::int64_t blocks() const { return blocks_for(rows.n_rows, kThreads / kLanes); }
  std::int64_t shared_bytes() const { return 0; }
};

/// The tangent of the adjoint of the messages, gathered by senders as in `SendBack`. The first
/// layer has no gradients of states, and zeros as the third part of messages.
template <class T, bool first>
struct SendBackTangents {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = sizeof(T) == 4 ? 5 : 2;
  TangentRows<T> rows;
  Array<T> message_gradients;  ///< [n, 3 F]
  Array<T> state_gradients;    ///< [n, 4 F]
  std::int64_t blocks() const { return blocks_for(rows.n_rows, kThreads / kLanes); }
  std::int64_t shared_bytes() const { return 0; }
};

/// What pairs add to the gradient of a table's coefficients: a warp for the pairs of a piece, or a
/// slice of them, and 32 channels. Each piece adds to six rows.
template <class T, bool first>
struct TableSlices {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = sizeof(T) == 4 ? 4 : 2;
  static constexpr int kParts = first ? 2 : 3;
  TangentRows<T> rows;
  int pieces = 0, n_slices = 1;
  Array<int> receivers;                 ///< [n_pairs]
  Array<int> piece_first, piece_pairs;  ///< [pieces + 1], pairs by their piece
  Array<T> sums;                        ///< [n_slices, pieces, F / 32, 6, parts, 32]
  std::int64_t warps() const { return std::int64_t(n_slices) * pieces * (rows.channels / kLanes); }
  std::int64_t blocks() const { return blocks_for(warps(), kThreads / kLanes); }
  std::int64_t shared_bytes() const { return 0; }
};

/// The gradient of a table, laid out as the table, from these sums in their order.
template <class T>
struct TableGradient {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = 8;
  int pieces = 0, n_slices = 1, parts = 0, channels = 0;
  Array<T> sums;
  Table<T> table;
  std::int64_t blocks() const {
    return blocks_for(std::int64_t(table.rows) * parts * channels, kThreads);
  }
  std::int64_t shared_bytes() const { return 0; }
};

/// Energy and strain derivatives of each frame, a block a frame.
struct SumFrames {
  static constexpr int kThreads = kNodeThreads;
  static constexpr int kBlocks = 8;
  std::int64_t n_rows = 0, n_frames = 0;
  Array<int> frames;       ///< [n]
  Array<double> energies;  ///< [n] eV
  Array<double> virials;   ///< [n, 10] of which nine are a virial, eV
  Array<double> sums;      ///< [n_frames, 10] energy, strain derivatives, eV
  std::int64_t blocks() const { return n_frames; }
  std::int64_t shared_bytes() const {
    return std::int64_t(kThreads) * kSums * std::int64_t(sizeof(double));
  }
};

}  // namespace ipip::cuda
