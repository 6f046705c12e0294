// SPDX-License-Identifier: MIT
// A student's numbers as the kernels read them: padded channels, packed matrices, tables.
#pragma once

#include <cstdint>
#include <vector>

#include "buffer.hpp"
#include "kernels.hpp"
#include "model/painn_model.hpp"

namespace ipip::cpu {

/// A matrix [k, n] packed for `Kernels::gemm`.
template <class T>
struct Packed {
  int k = 0;
  int n = 0;
  Buffer<T> data;
};

/// y = W x + b and its adjoint.
template <class T>
struct PackedLinear {
  Packed<T> forward;   ///< [in, out]
  Packed<T> backward;  ///< [out, in]
  Buffer<T> bias;      ///< [out]
};

template <class T>
struct PackedLayer {
  PackedLinear<T> message[2];
  PackedLinear<T> mix;
  PackedLinear<T> context[2];
  Buffer<T> table;
  std::int64_t table_rows = 0;
};

/// The first layer's sums over pairs behind its matrices, see first_layer.hpp.
template <class T>
struct FirstLayer {
  std::int64_t pitch = 0;  ///< numbers of one species' table; 0 where there are none
  Buffer<T> tables;        ///< [n_species] tables of five parts: s, v, l, r, c
  Buffer<T> context;       ///< [n_species, F] the context's argument of an atom without pairs
  PackedLinear<T> norms;   ///< |Vv| -> the context's argument
};

/// A whole student. Channels and the readout's width are padded to multiples of 16 by zeros, which
/// stay zero through every layer.
template <class T>
struct PackedPainn {
  std::int64_t channels = 0;       ///< F, padded
  std::int64_t readout_width = 0;  ///< padded
  std::int64_t pieces = 0;         ///< of every table
  double table_error = 0.0;        ///< see RadialTable
  Buffer<T> embedding;             ///< [n_species, F]
  Buffer<T> first_messages;        ///< [n_species, 3 F]: layer 0 depends on the species alone
  std::vector<PackedLayer<T>> layers;
  FirstLayer<T> first;
  PackedLinear<T> readout;
  PackedLinear<T> hidden_readout;  ///< what the last context's SiLU yields -> readout, by a_ss
  Buffer<T> readout_weight;        ///< [readout_width]
  PackedLinear<T> last_scalars;    ///< what the last context's SiLU yields -> a_ss, for features
};

/// @param kernels      of this processor
/// @param model        the student
/// @param table_error  target for the error of the tables, relative to the largest value and slope
template <class T>
PackedPainn<T> pack_painn(const Kernels<T>& kernels, const PainnModel& model, double table_error);

}  // namespace ipip::cpu
