// SPDX-License-Identifier: MIT
// A student run by TorchScript on any device.
#pragma once

#include <torch/script.h>

#include <cstdint>
#include <string>
#include <utility>

#include "halo/halo_session.hpp"
#include "ipip/student.hpp"
#include "model/model_file.hpp"
#include "resident_pairs.hpp"

namespace ipip {

/// Reads the module of a model file onto a device, without gradients on its weights. This runs code
/// that is in the file.
/// @throws ipip::Error  libtorch cannot load it or does not have the device, the module's forward
/// is
///                      not that of a student, or its weights are not those of the file
torch::jit::Module load_module(const ModelFile& file, const std::string& device);

class ScriptedStudent {
 public:
  /// @param module of the model file, on the device
  ScriptedStudent(torch::jit::Module module, const std::string& device)
      : device_(device), module_(std::move(module)), resident_(device_) {}

  /// One step of a graph in main memory. Collective under the session's exchanger.
  void evaluate(const Graph& graph, bool atom_virials, HaloSession& session, Results& results);

  /// One step of the resident candidates. Collective under the session's exchanger.
  void evaluate(const double* points, std::int64_t n_points, double cutoff, bool atom_virials,
                HaloSession& session, Results& results);

  ResidentPairs& resident() { return resident_; }

  /// "torchscript", and on which device if that is not the cpu.
  std::string description() const {
    return device_.is_cpu() ? "torchscript" : "torchscript on " + device_.str();
  }

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
