// SPDX-License-Identifier: MIT
// The arithmetic of the kernels as a table of functions, compiled once for each instruction
// set. This is the seam between the algorithm (painn.cpp) and the machine.
//
// Notation of Schütt et al. 2021 (docs/kernels.md): i receives, j sends, e = (i, j) a directed pair
// of distance d and direction u; s: scalars, v: vectors with axes x y z; phi: messages and w:
// filters, in parts s, vs, vv; a: gains ss, sv, vv; U, V: halves of the mixing matrix, of which V
// is that of the norm; F: channels, padded to a multiple of 16; g: dE/d of what is named beside it.
//
// A state row is [s | v_x | v_y | v_z], 4 F numbers; a message row is [phi^s | phi^vs | phi^vv], 3
// F; a mixed row is [Vv_x Uv_x | Vv_y Uv_y | Vv_z Uv_z], 6 F. A pitch is the distance of two rows
// in a table that holds something else besides.
#pragma once

#include <cstdint>
#include <string>

#include "ipip/export.hpp"
#include "model/spline.hpp"

namespace ipip::cpu {

/// Parts of a message and of a filter.
constexpr int kS = 0, kVs = 1, kVv = 2;

/// Directed pairs in compressed rows of their receivers.
template <class T>
struct PairRows {
  const std::int64_t* first = nullptr;  ///< [n_local + 1] first pair of each row
  const std::int32_t* other = nullptr;  ///< [n_pairs] row of the sender
  const std::int32_t* piece = nullptr;  ///< [n_pairs] first table row
  const T* fraction = nullptr;          ///< [n_pairs] place within the piece, [0, 1)
  const T* ux = nullptr;                ///< [n_pairs] unit vector from receiver to sender
  const T* uy = nullptr;
  const T* uz = nullptr;
};

/// Spline coefficients of one layer's filters times envelope.
///
/// Channels are cut into chunks as `Kernels::chunk` says; a chunk's part of the table is
/// [n_rows, parts, chunk], and chunks follow each other.
template <class T>
struct Table {
  const T* data = nullptr;
  std::int64_t n_rows = 0;
  double pieces_per_length = 0.0;  ///< 1/Å
};

/// One layer's pass over pairs. `first_layer`: message rows are looked up by species, there are no
/// vectors to read, and tables have two parts (s, vs) instead of three (s, vs, vv).
template <class T>
struct EdgePass {
  PairRows<T> pairs;
  Table<T> table;
  std::int64_t channels = 0;
  bool first_layer = false;
  const std::int32_t* species = nullptr;  ///< [n_total]
  const T* messages = nullptr;            ///< [n_total] rows of 3 F, or [n_species, 3 F]
  std::int64_t message_pitch = 0;
  const T* scalars = nullptr;  ///< [n_local] rows of F, or [n_species, F] embeddings
  std::int64_t scalar_pitch = 0;
  const T* vectors = nullptr;  ///< [n_total] rows of 3 F; none in the first layer
  std::int64_t vector_pitch = 0;
  const T* gradients = nullptr;  ///< [n_total, 4 F] dE/d(state after the messages)
};

/// The first layer by tables of what its matrices make of its sums, see first_layer.hpp. A sender's
/// table has five parts, s v Vv Uv p, and is laid out as `Table`.
template <class T>
struct FirstPass {
  PairRows<T> pairs;
  const T* tables = nullptr;  ///< [n_species] tables
  std::int64_t pitch = 0;     ///< distance of two tables
  std::int64_t n_rows = 0;
  double pieces_per_length = 0.0;  ///< 1/Å
  std::int64_t channels = 0;
  const std::int32_t* species = nullptr;  ///< [n_total]
  const T* scalars = nullptr;             ///< [n_species, F] embeddings
  const T* context = nullptr;             ///< [n_species, F] without pairs
};

template <class T>
struct Kernels {
  const char* name;  ///< "avx512", "avx2", "neon" or "generic"

  /// Width of the chunk of `channels` that begins at `at` in a table.
  int (*chunk)(std::int64_t channels, std::int64_t at);

  /// Numbers that `pack` writes, and the packing of a [k, n] matrix for `gemm`; n is padded.
  void (*pack)(const T* matrix, int k, int n, T* packed);
  /// c[m, n] = (accumulate ? c : 0) + bias + a[m, k] matrix[k, n].
  void (*gemm)(const T* a, std::int64_t lda, const T* packed, const T* bias, T* c, std::int64_t ldc,
               std::int64_t m, int n, int k, bool accumulate);

  /// out[n] = SiLU(z[n]).
  void (*silu)(const T* z, T* out, std::int64_t n);
  /// gradient[n] *= SiLU'(z[n]).
  void (*silu_backward)(const T* z, T* gradient, std::int64_t n);

  /// Distances, unit vectors and places in the table of pairs [0, n).
  void (*geometry)(const double* vectors, std::int64_t n, double pieces_per_length,
                   std::int32_t n_pieces, std::int32_t outside, std::int32_t* piece, T* fraction,
                   T* ux, T* uy, T* uz);

  /// out[row - begin] = state[row] + messages received by rows [begin, end).
  void (*receive)(const EdgePass<T>& pass, std::int64_t begin, std::int64_t end, T* out);
  /// Adjoint of `receive` gathered by senders [begin, end): dE/dmessages [end - begin, 3 F] and
  /// dE/dstates [end - begin, 4 F] (overwritten); adds (dE/dd, dE/du) to pair_gradients [pairs of
  /// these rows, 4].
  ///
  /// A row j takes its own pairs (j, i): each stands for its mirror (i, j), which has the same
  /// length and the opposite direction, so that no second list is needed. The receiver i may be a
  /// halo row, whose row of `gradients` its owner computed.
  void (*send_back)(const EdgePass<T>& pass, std::int64_t begin, std::int64_t end,
                    T* message_gradients, T* state_gradients, T* pair_gradients);
  /// Adjoint of the first layer's `receive`: adds (dE/dd, dE/du) of the pairs of receivers [begin,
  /// end) to pair_gradients [pairs of these rows, 4]. Gradients of these rows [.., 4 F] are a
  /// separate argument; those of `pass` are not read.
  void (*first_back)(const EdgePass<T>& pass, std::int64_t begin, std::int64_t end,
                     const T* gradients, T* pair_gradients);

  /// States, mixed rows and the scalars' share of the context's argument [.., F] of rows [begin,
  /// end) after the first layer's messages; the mixed rows alone where `states` is null.
  void (*first_tables)(const FirstPass<T>& pass, std::int64_t begin, std::int64_t end, T* states,
                       T* mixed, T* context);
  /// Its adjoint, from gradients of the same three: adds (dE/dd, dE/du) to pair_gradients.
  void (*first_tables_back)(const FirstPass<T>& pass, std::int64_t begin, std::int64_t end,
                            const T* states, const T* mixed, const T* context, T* pair_gradients);

  /// q[n, 2 F] = [s | |Vv|], product[n, F] = <Uv, Vv>.
  void (*norms)(const T* states, const T* mixed, std::int64_t n, std::int64_t channels, T epsilon,
                T* q, T* product);
  /// next = state + update, scalars and vectors apart; a is [a_ss | a_sv | a_vv], or
  /// [a_ss | a_sv] where vectors end (`next_v` is null).
  void (*update)(const T* states, const T* mixed, const T* a, const T* product, std::int64_t n,
                 std::int64_t channels, T* next_s, std::int64_t pitch_s, T* next_v,
                 std::int64_t pitch_v);
  /// dE/da from g = dE/dnext.
  void (*update_back_a)(const T* g, const T* mixed, std::int64_t n, std::int64_t channels,
                        bool vectors, T* ga);
  /// dE/dmixed from g, a and gq = dE/dq; with `scalars` adds gq's scalar half to g's scalars.
  void (*update_back_mixed)(const T* a, const T* mixed, const T* gq, std::int64_t n,
                            std::int64_t channels, T epsilon, bool vectors, bool scalars, T* g,
                            T* gmixed);
  /// energies[n] = SiLU(z).w in float64; z becomes scale[n] w SiLU'(z).
  void (*readout)(T* z, const T* w, const T* scale, std::int64_t n, std::int64_t width,
                  double* energies);
};

/// The kernels of an instruction set, or the best of this processor for "auto"; null where it
/// cannot run them.
template <class T>
IPIP_API const Kernels<T>* find_kernels(const std::string& requested);

}  // namespace ipip::cpu
