// SPDX-License-Identifier: MIT
#include "make_backend.hpp"

#include "backends/cpu/cpu_backend.hpp"
#include "backends/cuda/cuda_backend.hpp"
#include "ipip/backends.hpp"
#include "ipip/device.hpp"
#include "ipip/error.hpp"
#include "torch_part.hpp"

namespace ipip {
namespace {

constexpr const char* kAuto = "auto";
constexpr const char* kKernels = "kernels";
constexpr const char* kTorchscript = "torchscript";
constexpr const char* kOldKernels = "fused";  // what decks and settings called the kernels

void check_bias(const ModelFile& file, const RunOptions& options) {
  const std::string& path = file.metadata.info.path;
  if (!file.uncertainty) {
    throw Error(path + ": a bias needs the student's uncertainty, which the file does not " +
                "have: add it with `ipip uncertainty " + path +
                " FRAMES` and labelled frames that it was not trained on");
  }
  if (options.device != "cpu" && backend_name(options.backend) != kTorchscript) {
    throw Error(path + ": the kernels bias a run on the CPU only, and the device is " +
                options.device +
                ": use device cpu, or backend torchscript if you trust whoever made the file");
  }
}

}  // namespace

std::string current_backend_name(const std::string& name) {
  return name == kOldKernels ? kKernels : name;
}

std::string backend_name(const std::string& name) {
  const std::string current = current_backend_name(name);
  if (current == kAuto || current == kKernels || current == kTorchscript) return current;
  throw Error("backend is " + name + ", expected auto, kernels or torchscript");
}

std::string kernels_refusal(const std::string& architecture) {
  if (architecture == "painn") return "";
  return "its architecture is " + architecture.substr(0, 60) + ", and the kernels run painn only";
}

std::string training_refusal(const std::string& architecture, const std::string& device) {
  const std::string reason = kernels_refusal(architecture);
  if (!reason.empty() || device == "cpu") return reason;
  return "the kernels train on the CPU and the student is on " + device;
}

Gpus visible_gpus(const std::string& backend) {
  if (backend_name(backend) == kTorchscript) {
    const TorchPart& part = torch_part();
    if (part.built_with_cuda()) return {part.visible_gpus(), ""};
    return {0,
            "this libtorch was built without CUDA: install a CUDA build of the same torch, "
            "or use device cpu"};
  }
  try {
    return {cuda_gpus(), ""};
  } catch (const Error& none) {
    return {0, none.what()};
  }
}

std::string auto_device(const std::string& backend) {
  return backend_name(backend) == kTorchscript ? "auto" : "cpu";
}

void prepare_backend(const std::string& backend) {
  if (backend_name(backend) == kTorchscript) torch_part();
}

// Running the program in a file is the user's choice, never a default.
std::unique_ptr<Backend> make_backend(const ModelFile& file, const RunOptions& options) {
  if (options.bias.on()) check_bias(file, options);
  const std::string backend = backend_name(options.backend);
  if (backend == kTorchscript) {
    check_code(file);
    return torch_part().make_backend(file, options);
  }
  const StudentInfo& info = file.metadata.info;
  std::string reason = kernels_refusal(info.architecture);
  if (reason.empty() && options.device == "cpu") return make_cpu_backend(file, options);
  if (reason.empty() && is_cuda_device(options.device)) return make_cuda_backend(file, options);
  if (reason.empty()) {
    reason =
        "the kernels do not run on device " + options.device + ", expected cpu, cuda:N or emulate";
  }
  throw Error(info.path + ": backend " + backend + " cannot run it, because " + reason +
              "; backend torchscript runs the program in the file: choose it if you trust "
              "whoever made the file");
}

}  // namespace ipip
