// SPDX-License-Identifier: MIT
// Energies and gradients on the cpu: the network, or a class that passes graphs to it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ipip/student.hpp"

namespace ipip::cpu {

class Evaluator {
 public:
  virtual ~Evaluator() = default;

  /// Receives dE/d(vectors) in eV/Å of pairs [begin, end), [end - begin, 3], which make up whole
  /// rows of receivers. Called once for each pair, in order.
  using TakeGradients =
      std::function<void(std::int64_t begin, std::int64_t end, const double* gradients)>;

  /// Evaluates one step. Collective under an active `HaloExchanger`.
  /// @param graph         atoms and pairs, checked to fit each other
  /// @param energies      [n_local] eV, overwritten
  /// @param uncertainties [n_local] eV/Å, overwritten; null if not requested
  /// @param take          receives the gradients
  virtual void evaluate(const Graph& graph, double* energies, double* uncertainties,
                        const TakeGradients& take) = 0;

  /// Bias energies of the last step in eV, [n_local], which its energies contain; null without a
  /// bias.
  virtual const double* bias_energies() const { return nullptr; }

  /// The final scalars of each atom of a graph without halo rows, which the readout takes.
  /// @param graph    atoms and pairs, checked to fit each other
  /// @param features [n_local, feature_width()], overwritten
  virtual void features(const Graph& graph, double* features) = 0;
  virtual std::int64_t feature_width() const = 0;

  /// Numbers per row of each exchange of a step, in order. All are forward exchanges, in the
  /// student's precision.
  virtual std::vector<std::int64_t> exchange_widths() const = 0;

  /// Seconds of the last step without exchanges: layers up to the energies, and back to the
  /// gradients. Making lists and `take` are not counted.
  virtual double forward_seconds() const = 0;
  virtual double backward_seconds() const = 0;

  /// Frees the buffers of a step that failed.
  virtual void release() = 0;

  /// Bytes of the buffers that are kept between steps.
  virtual double buffer_bytes() const = 0;

  /// What runs, in a few words for a log: "kernels, avx512, ...".
  virtual std::string description() const = 0;
};

}  // namespace ipip::cpu
