// SPDX-License-Identifier: MIT
// The door of libipip_torch.so.
#include <ATen/Context.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/cuda.h>

#include <cstdint>
#include <memory>
#include <string>

#include "ipip/export.hpp"
#include "scripted_student.hpp"
#include "torch_part.hpp"

namespace {

class Part final : public ipip::TorchPart {
 public:
  std::string torch_version() const override {
    // One byte each from the top: major, minor, patch (TORCH_ABI_VERSION of torch/version.h).
    const std::uint64_t packed = aoti_torch_abi_version();
    const auto byte = [packed](int shift) { return std::to_string((packed >> shift) & 0xff); };
    return byte(56) + "." + byte(48) + "." + byte(40);
  }

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

extern "C" IPIP_API const ipip::TorchPart* ipip_torch_part() {
  static const Part part;
  return &part;
}
