// SPDX-License-Identifier: MIT
// A student run by TorchScript on any device.
#pragma once

#include <torch/script.h>

#include <cstdint>
#include <string>

#include "halo_session.hpp"
#include "ipip/student.hpp"
#include "resident_pairs.hpp"

namespace ipip {

/// Reads the module of a model file into main memory, without gradients on its weights.
/// @throws ipip::Error  libtorch cannot load it, or its forward is not that of a student
torch::jit::Module load_module(const std::string& path);

class ScriptedStudent {
 public:
  /// @param module of the model file; moved to the device
  /// @throws ipip::Error  the device cannot be had
  ScriptedStudent(torch::jit::Module module, const std::string& device);

  /// One step of a graph in main memory. Collective under the session's exchanger.
  void evaluate(const Graph& graph, bool atom_virials, HaloSession& session, Results& results);

  /// One step of the resident candidates. Collective under the session's exchanger.
  void evaluate(const double* points, std::int64_t n_points, double cutoff, bool atom_virials,
                HaloSession& session, Results& results);

  ResidentPairs& resident() { return resident_; }

  /// "torchscript on cpu", for instance.
  std::string description() const { return "torchscript on " + device_.str(); }

  /// Bytes in main memory that stay: weights and candidates.
  double host_bytes() const;

 private:
  void run(const torch::Tensor& species, std::int64_t n_local, const StepPairs& pairs,
           bool atom_virials, HaloSession& session, Results& results);

  torch::Device device_;
  torch::jit::Module module_;
  ResidentPairs resident_;
};

}  // namespace ipip
