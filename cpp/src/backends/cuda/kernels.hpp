// SPDX-License-Identifier: MIT
// The kernels of the device backend by their arguments: painn.cpp launches them, and the code in
// device/ runs them, on a GPU or emulated. No kernel here knows which.
//
// i: receiving row, j: sending row, c: candidate, e: pair, x: Cartesian axis, F: channels, padded
// to a multiple of 32. A state row is [s | vx | vy | vz], 4 F numbers; a message row [phi_s |
// phi_vs | phi_vv]; a sent row is a message row and the vectors, 6 F; a mixed row is [Vv_x Uv_x |
// Vv_y Uv_y | Vv_z Uv_z], 6 F.
#pragma once

#include <algorithm>
#include <cstdint>

#include "array.hpp"
#include "block_counts.hpp"
#include "search_kernels.hpp"

namespace ipip::cuda {

/// Local rows [begin, end) that a launch takes.
struct RowRange {
  std::int64_t begin = 0, end = 0;
  std::int64_t size() const { return end - begin; }
};

/// Pairs of a step. Row i has room for all of its candidates, [first[i], first[i + 1]), and its
/// pairs come first there.
template <class T>
struct PairRows {
  Array<int> first;     ///< [n_local + 1]
  Array<int> count;     ///< [n_local] pairs of each row
  Array<int> place;     ///< [n_candidates, 2] row of the sender, first row of the table
  Array<T> shape;       ///< [n_candidates, 4] place within the table's piece, direction i to j
  double length = 0.0;  ///< Å, of a piece
};

/// Pairs closer than the cutoff, of candidates.
template <class T>
struct FindPairs {
  static constexpr int kThreads = 128;
  static constexpr int kBlocks = 8;
  std::int64_t n_local = 0;
  bool given = false;     ///< whether vectors are given, and not points
  Array<double> points;   ///< [n_points, 3] Å
  Array<int> rows;        ///< [n_points] row that a point shows; none where vectors are given
  Array<int> types;       ///< [n_points] for the smallest distances
  Array<int> centres;     ///< [n_local] point of each receiver
  Array<int> neighbours;  ///< [n_candidates] point of the sender; its row where vectors are given
  Array<double> vectors;  ///< [n_candidates, 3] Å; none where points are given
  int n_types = 0;        ///< 0 if smallest distances are not requested
  double cutoff_squared = 0.0;
  int pieces = 0;  ///< of a table
  PairRows<T> pairs;
  Array<int> slot;  ///< [n_candidates] its pair, or -1
  /// [n_types, n_types] bits of the smallest square, Å², of a receiver's and a sender's type; to be
  /// lowered
  Array<unsigned long long> closest;
  std::int64_t blocks() const { return blocks_for(n_local, kThreads / kLanes); }
  std::int64_t shared_bytes() const { return 0; }
};

/// Spline coefficients of one layer's filters, in chunks of `32 strip` channels, each of
/// [rows, parts, 32 strip]. `strip` is the number of channels that a lane holds.
template <class T>
struct Table {
  Array<T> numbers;
  int rows = 0;
};

/// What a layer's pairs read. `messages` and the scalars before the layer are looked up by species
/// in the first layer, where there are no vectors yet.
template <class T>
struct LayerRows {
  int channels = 0;
  Table<T> table;
  Array<int> species;  ///< [n_total]
  Array<T> sent;       ///< [n_total, 6 F]; in the first layer messages [n_species, 3 F]
  Array<T> scalars;    ///< [n_local, F]; in the first layer embeddings [n_species, F]
};

/// States after the messages of a layer.
template <class T, int strip, bool first>
struct Receive {
  static constexpr int kThreads = 256;
  static constexpr int kBlocks = sizeof(T) == 4 ? 4 : 2;
  RowRange range;
  PairRows<T> pairs;
  LayerRows<T> rows;
  Array<T> states;  ///< [n_local, 4 F]
  std::int64_t blocks() const { return blocks_for(range.size(), kThreads / kLanes); }
  std::int64_t shared_bytes() const { return 0; }
};

/// The adjoint of `Receive` of a layer but the first, gathered by senders: each pair (j, i) of row
/// j stands for its mirror (i, j).
template <class T, int strip>
struct SendBack {
  static constexpr int kThreads = 256;
  static constexpr int kBlocks = sizeof(T) == 4 ? 3 : 1;
  RowRange range;
  bool add = false;  ///< whether pair gradients are added to those of the layers above
  PairRows<T> pairs;
  LayerRows<T> rows;
  Array<T> gradients;          ///< [n_total, 4 F] dE/d(states after the messages)
  Array<T> message_gradients;  ///< [n_local, 3 F]
  Array<T> state_gradients;    ///< [n_local, 4 F]
  Array<T> pair_gradients;     ///< [n_candidates, 4] dE/dd, dE/du
  std::int64_t blocks() const { return blocks_for(range.size(), kThreads / kLanes); }
  std::int64_t shared_bytes() const { return 0; }
};

/// The core of short distances, see model/zbl.hpp. All [n_species, n_species].
struct Core {
  int n_species = 0;
  Array<double> charges, inverse_length, reach;  ///< eV Å, 1/Å, Å; none without a core
};

/// The adjoint of the first layer's messages, and what a pair has then: its gradient and
/// its share of the virial.
template <class T, int strip>
struct FirstBack {
  static constexpr int kThreads = 256;
  static constexpr int kBlocks = sizeof(T) == 4 ? 2 : 1;
  RowRange range;
  bool add = false;
  PairRows<T> pairs;
  LayerRows<T> rows;
  Array<T> gradients;  ///< [n_local, 4 F]
  Core core;
  Array<T> pair_gradients;  ///< [n_candidates, 4] of the layers above; becomes dE/dr, eV/Å
  Array<double> energies;   ///< [n_local] eV; the core is added
  Array<double> sums;       ///< [n_local, 10] virial of a row's pairs, their number; none where
                            ///< if not requested
  std::int64_t blocks() const { return blocks_for(range.size(), kThreads / kLanes); }
  std::int64_t shared_bytes() const { return 0; }
};

/// Rows that travel to other ranks, side by side and without padding.
template <class T>
struct PackRows {
  static constexpr int kThreads = kItemThreads;
  static constexpr int kBlocks = 4;
  int channels = 0, padded = 0;  ///< of a part
  int parts = 0;                 ///< of a row
  Array<int> rows;               ///< [n_sent] row
  Array<T> from;                 ///< [n_total, parts, padded]
  Array<T> to;                   ///< [n_sent, parts, channels]
  std::int64_t blocks() const { return blocks_for(rows.size * parts * channels, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

/// Halo rows as they came, and zeros for their padding.
template <class T>
struct UnpackRows {
  static constexpr int kThreads = kItemThreads;
  static constexpr int kBlocks = 4;
  int channels = 0, padded = 0;
  int parts = 0;
  std::int64_t n_local = 0, n_halo = 0;
  Array<T> from;  ///< [n_halo, parts, channels]
  Array<T> to;    ///< [n_total, parts, padded]
  std::int64_t blocks() const { return blocks_for(n_halo * parts * padded, kThreads); }
  std::int64_t shared_bytes() const { return 0; }
};

constexpr int kSums = 10;  // numbers of a row of sums

/// Forces, and half of each pair's virial to each of its atoms.
template <class T>
struct GatherForces {
  static constexpr int kThreads = 128;
  static constexpr int kBlocks = 8;
  std::int64_t n_local = 0;
  std::int64_t n_total = 0;
  PairRows<T> pairs;
  Array<T> gradients;          ///< [n_candidates, 4] dE/dr
  Array<int> sent_first;       ///< [n_total + 1] candidates by the row of their sender
  Array<int> sent;             ///< [n_candidates] candidate
  Array<int> slot;             ///< [n_candidates]
  Array<double> forces;        ///< [n_total, 3] eV/Å
  Array<double> atom_virials;  ///< [n_total, 9] eV; none if not requested
  std::int64_t blocks() const { return blocks_for(n_total, kThreads / kLanes); }
  std::int64_t shared_bytes() const { return 0; }
};

/// Sums of rows over slices, a slice a block.
struct SumRows {
  static constexpr int kThreads = 256;
  static constexpr int kBlocks = 8;
  static constexpr int kColumns = 16;  // at least kSums
  std::int64_t n_rows = 0;
  std::int64_t n_slices = 1;
  Array<double> rows;  ///< [n_rows, 10]
  Array<double> sums;  ///< [n_slices, 10]
  std::int64_t blocks() const { return n_slices; }
  std::int64_t shared_bytes() const { return kThreads * std::int64_t(sizeof(double)); }
};

/// y = x W + b, W being [k, n], from number `at` on.
template <class T>
struct Matrix {
  Array<T> numbers;
  int k = 0, n = 0;
  std::int64_t at = 0;
};

/// Matrices of a layer's update, forward and transposed.
template <class T>
struct UpdateMatrices {
  Matrix<T> mix, mix_turned;          ///< F -> [Vv | Uv]
  Matrix<T> context, context_turned;  ///< [s | |Vv|] -> F
  Matrix<T> gains, gains_turned;      ///< F -> [a_ss | a_sv | a_vv]; the last layer's: a_sv
  Array<T> context_bias, gains_bias;
};

/// Matrices from scalars to the messages of a layer.
template <class T>
struct MessageMatrices {
  Matrix<T> hidden, hidden_turned;  ///< F -> F
  Matrix<T> sent, sent_turned;      ///< F -> 3 F
  Array<T> hidden_bias, sent_bias;
};

/// A block of rows and its two tiles in shared memory, [rows, width] each.
struct Tiles {
  int rows = 0;
  int width = 0;
  int pitch = 0;  ///< width + 4: rows read together lie in different banks
  std::int64_t numbers() const { return std::int64_t(2) * rows * pitch; }
};

constexpr int kTensorRows = 8;  // a block's rows are a multiple where tensor cores multiply them

/// Arguments of all kernels that take a block of rows through a whole layer, in two tiles.
template <class T>
struct TiledRows {
  static constexpr int kThreads = 128;
  static constexpr int kBlocks = 4;
  static constexpr bool kMayUseTensorCores = sizeof(T) == 4;
  RowRange range;
  int channels = 0;
  Tiles tiles;
  bool tensor_cores = false;  ///< whether they compute the products
  std::int64_t blocks() const { return blocks_for(range.size(), tiles.rows); }
  std::int64_t shared_bytes() const { return tiles.numbers() * std::int64_t(sizeof(T)); }
};

/// What the forward sweep of a layer's update keeps.
template <class T>
struct UpdateState {
  Array<T> mixed;    ///< [n_local, 6 F]
  Array<T> context;  ///< [n_local, F] argument of the SiLU
  Array<T> gains;    ///< [n_local, 3 F]; the last layer's [n_local, F]
};

/// The update of a layer but the last, and the messages of the next.
template <class T>
struct Update : TiledRows<T> {
  T epsilon = 0;
  UpdateMatrices<T> matrices;
  MessageMatrices<T> messages;
  Array<T> states;  ///< [n_local, 4 F]
  UpdateState<T> kept;
  Array<T> scalars;  ///< [n_local, F] of the next layer
  Array<T> hidden;   ///< [n_local, F] argument of the message's SiLU
  Array<T> sent;     ///< [n_total, 6 F]
};

/// The readout, whose first matrix takes scalars and, multiplied by the last layer's a_ss, the
/// output of the context's SiLU.
template <class T>
struct Readout {
  Matrix<T> scalars, scalars_turned;  ///< F -> W
  Matrix<T> hidden, hidden_turned;    ///< F -> W
  Array<T> bias;                      ///< [W]
  Array<T> weight;                    ///< [W]
  double energy_bias = 0.0;
  Array<double> scale, offset;  ///< [n_species] eV
};

/// The last layer's update, the readout, and back to the states after the messages.
template <class T>
struct LastUpdate : TiledRows<T> {
  T epsilon = 0;
  UpdateMatrices<T> matrices;
  Readout<T> readout;
  Array<int> species;  ///< [n_total]
  Array<T> states;     ///< [n_local, 4 F]
  UpdateState<T> kept;
  Array<double> energies;  ///< [n_local] eV
  Array<T> gradients;      ///< [n_total, 4 F] dE/d(states)
};

/// Expected errors, see model/uncertainty.hpp.
template <class T>
struct ErrorModel {
  Matrix<T> last_scalars;  ///< F -> F, the last layer's a_ss
  Array<T> last_bias;      ///< [F]
  Matrix<T> whitening;     ///< F -> F of the first species; [n_species, F, F]
  Array<T> offsets;        ///< [n_species, F]
  int n_species = 0, n_knots = 0;
  Array<double> scores, errors;  ///< [n_species, n_knots]; eV/Å
  double largest = 0.0;          ///< eV/Å
};

/// Expected errors of the forces, from the results of the last layer's update.
template <class T>
struct ExpectErrors : TiledRows<T> {
  ErrorModel<T> model;
  Array<int> species;  ///< [n_total]
  Array<T> states;     ///< [n_local, 4 F]
  UpdateState<T> kept;
  Array<double> expected;  ///< [n_local] eV/Å
};

/// From the gradients of messages to those of the states after the messages of the layer below.
template <class T>
struct UpdateBack : TiledRows<T> {
  T epsilon = 0;
  UpdateMatrices<T> matrices;
  MessageMatrices<T> messages;
  UpdateState<T> kept;
  Array<T> hidden;             ///< [n_local, F] argument of the message's SiLU
  Array<T> message_gradients;  ///< [n_local, 3 F]
  Array<T> gradients;          ///< [n_local, 4 F] after the update; becomes those before it
};

}  // namespace ipip::cuda
