// SPDX-License-Identifier: MIT
// A student run by TorchScript on any device.
#pragma once

#include <torch/script.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backend.hpp"
#include "halo/halo_session.hpp"
#include "ipip/student.hpp"
#include "model/model_file.hpp"
#include "resident_pairs.hpp"

namespace ipip {

class ScriptedStudent final : public Backend {
 public:
  /// Reads the module of a model file onto a device, without gradients on its weights. This runs
  /// code in the file.
  /// @throws ipip::Error  libtorch cannot load it or does not have the device, the module's forward
  ///                      is not a student's, or its weights differ from the file's
  ScriptedStudent(const ModelFile& file, const RunOptions& options);

  void evaluate(const Graph& graph, const Wanted& wanted, HaloSession& session,
                Results& results) override;

  void features(const Graph& graph, std::vector<double>& rows) override;
  std::int64_t feature_width() const override { return feature_width_; }

  void set_candidates(const Candidates& candidates) override;
  void evaluate(const double* points, const Wanted& wanted, HaloSession& session,
                Results& results) override;

  std::vector<std::int64_t> exchange_widths() const override { return exchange_widths_; }
  bool makes_adjoints() const override { return true; }
  /// On the cpu: torch takes and frees the same tensors in every step.
  bool frees_memory_each_step() const override { return device_.is_cpu(); }
  void release() override {}
  /// Weights and candidates.
  double buffer_bytes() const override;

  /// "torchscript", and the device unless it is the CPU.
  std::string description() const override {
    return device_.is_cpu() ? "torchscript" : "torchscript on " + device_.str();
  }
  bool runs_code() const override { return true; }

 private:
  torch::Tensor species_of(const Graph& graph) const;
  StepPairs pairs_of(const Graph& graph) const;
  void run(const torch::Tensor& species, std::int64_t n_local, const StepPairs& pairs,
           const Wanted& wanted, HaloSession& session, Results& results);
  torch::Tensor features_of(const torch::Tensor& species, std::int64_t n_local,
                            const StepPairs& pairs);
  torch::Tensor heads_of(const torch::Tensor& features, const torch::Tensor& species,
                         std::int64_t n_local, const StepPairs& pairs);
  torch::Tensor squared_scores_of(const torch::Tensor& features,
                                  const torch::Tensor& species) const;

  torch::Device device_;
  int threads_;
  double cutoff_;
  std::vector<std::int64_t> exchange_widths_;
  std::int64_t feature_width_;
  std::optional<Uncertainty> uncertainty_;
  Bias bias_;
  torch::jit::Module module_;
  ResidentPairs resident_;
};

}  // namespace ipip
