// SPDX-License-Identifier: MIT
// Expected errors of the forces on a block of atoms, from their final scalars
// (model/uncertainty.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include "buffer.hpp"
#include "kernels.hpp"
#include "model/uncertainty.hpp"
#include "packed_weights.hpp"

namespace ipip::cpu {

template <class T>
class ExpectedErrors {
 public:
  ExpectedErrors(const Kernels<T>& kernels, Uncertainty uncertainty);

  /// One thread's rows.
  struct Scratch {
    Buffer<T> scalars, gathered, whitened;  // [rows of a block, F]
    std::vector<std::int64_t> rows;         // of one species in the block
    void reserve(std::int64_t rows, std::int64_t channels);
    double bytes() const;
  };

  /// @param n_rows   rows of the block
  /// @param species  [n_rows]
  /// @param scratch  with the block's final scalars
  /// @param errors   [n_rows] eV/Å, overwritten
  void evaluate(std::int64_t n_rows, const std::int32_t* species, Scratch& scratch,
                double* errors) const;

  /// @param scratch   with the block's final scalars h; then with dV/dh instead
  /// @param energies  [n_rows] V in eV (model/bias.hpp), overwritten
  void bias(std::int64_t n_rows, const std::int32_t* species, const Bias& bias, Scratch& scratch,
            double* energies) const;

 private:
  template <class F>
  void each_species(std::int64_t n_rows, const std::int32_t* species, Scratch& scratch,
                    F&& take) const;

  const Kernels<T>& kernels_;
  Uncertainty uncertainty_;
  std::int64_t channels_;                   // padded
  std::vector<PackedLinear<T>> whitening_;  // [n_species] W_z (h - m_z)
};

}  // namespace ipip::cpu
