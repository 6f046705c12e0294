// SPDX-License-Identifier: MIT
// The entry point of a torch part.
#include <ATen/Context.h>
#include <torch/cuda.h>

#include <memory>
#include <string>

#include "ipip/export.hpp"
#include "scripted_student.hpp"
#include "torch_part.hpp"

namespace {

class Part final : public ipip::TorchPart {
 public:
  bool built_with_cuda() const override { return at::globalContext().hasCUDA(); }

  int visible_gpus() const override {
    return built_with_cuda() ? static_cast<int>(torch::cuda::device_count()) : 0;
  }

  std::unique_ptr<ipip::Backend> make_backend(const ipip::ModelFile& file,
                                              const ipip::RunOptions& options) const override {
    return std::make_unique<ipip::ScriptedStudent>(file, options);
  }
};

}  // namespace

extern "C" IPIP_API const ipip::TorchPart* IPIP_TORCH_PART() {
  static const Part part;
  return &part;
}
