// SPDX-License-Identifier: MIT
// Energies, forces and strain derivatives of a PaiNN student on a GPU or the emulated device, and
// the gradient of a loss of them with respect to all weights. Equations: docs/training-kernels.md.
//
// No torch here: arguments and results are given by their addresses in the memory of the device (of
// the host, where the device is emulated).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ipip/export.hpp"
#include "model/radial_table.hpp"

namespace ipip {

/// What does not change in a training.
struct TrainingShape {
  RadialFilter radial;  ///< basis, envelope and cutoff; its weights are not used
  std::int64_t n_species = 0, channels = 0, layers = 0;
  std::int64_t readout = 0;  ///< width of its first layer
  double epsilon = 0.0;      ///< under the square root of norms
  double table_error = 0.0;  ///< of the splines of the radial basis
};

/// Frames as one graph of n atoms, and the places of its results. Whole numbers have 32 bits.
///
/// Weights are one row of numbers: embedding; for each layer filter, message 0, message 1, mix (no
/// bias), context 0, context 1; readout 0; then weight and bias of the mean of all heads; each
/// weight [out, in] before its bias.
struct TrainingFrames {
  std::int64_t n = 0, n_pairs = 0, n_frames = 0;
  const void* weights = nullptr;      ///< [n_weights] in the precision of the training
  const void* species = nullptr;      ///< [n]
  const void* frames = nullptr;       ///< [n]
  const void* first = nullptr;        ///< [n + 1] first pair of each receiver
  const void* receivers = nullptr;    ///< [n_pairs]
  const void* neighbours = nullptr;   ///< [n_pairs]
  const void* vectors = nullptr;      ///< [n_pairs, 3] float64, Å
  const void* piece = nullptr;        ///< [n_pairs] of the table; `pieces()` beyond the cutoff
  const void* piece_first = nullptr;  ///< [pieces() + 1] where pairs of a piece begin
  const void* piece_pairs = nullptr;  ///< [n_pairs] pairs by their piece
  const void* sent_first = nullptr;   ///< [n + 1] where pairs of a neighbour begin
  const void* sent = nullptr;         ///< [n_pairs] pairs by their neighbour
  const void* scale = nullptr;        ///< [n_species] float64, eV
  const void* offset = nullptr;       ///< [n_species] float64, eV
  /// Charges (eV Å), inverse length (1/Å) and reach (Å) of the ZBL core, [n_species, n_species]
  /// float64 each, or null.
  const void* core[3] = {nullptr, nullptr, nullptr};
  void* sums = nullptr;    ///< [n_frames, 10] float64 energy, strain derivatives, eV
  void* forces = nullptr;  ///< [n, 3] float64, eV/Å
};

/// Derivatives of a loss by the results of the last evaluation, and the place of its gradient.
struct TrainingSlopes {
  const void* energy = nullptr;  ///< [n_frames] float64
  const void* forces = nullptr;  ///< [n, 3] float64
  const void* strain = nullptr;  ///< [n_frames, 3, 3] float64
  void* weights = nullptr;       ///< [n_weights] in the precision of the training
};

class IPIP_API DeviceTraining {
 public:
  virtual ~DeviceTraining() = default;
  /// @param stream  CUDA stream that orders this work; not used by the emulated device
  virtual void evaluate(const TrainingFrames& frames, void* stream) = 0;
  virtual void gradients(const TrainingSlopes& slopes, void* stream) = 0;
  virtual std::int64_t n_weights() const = 0;
  virtual std::int64_t pieces() const = 0;
  /// For a log.
  virtual std::string description() const = 0;
};

/// @param device  "cuda:k" or "emulate"
/// @throws ipip::Error  the device is not available
IPIP_API std::unique_ptr<DeviceTraining> make_device_training(const TrainingShape& shape,
                                                              const std::string& device,
                                                              bool float64);

}  // namespace ipip
