// SPDX-License-Identifier: MIT
#include "torch_part.hpp"

#include <dlfcn.h>

#include "ipip/error.hpp"
#include "ipip/version.hpp"
#include "part_file.hpp"

namespace ipip {
namespace {

constexpr const char* kFile = "libipip_torch.so";

std::string what_to_do(const std::string& built) {
  return "install torch " + built +
         ", or rebuild ipip with `pip install . --no-build-isolation` where ";
}

const TorchPart* load() {
  if (torch_version_built().empty()) {
    throw Error("libtorch cannot be used: this ipip was built without it (IPIP_BUILD_TORCH=OFF)");
  }
  const std::string file = folder_of_libipip() + "/" + kFile;
  // NODELETE: libtorch keeps threads and registries that must not outlive their code.
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  void* function = library == nullptr ? nullptr : dlsym(library, kTorchPartFunction);
  if (function == nullptr) {
    const char* reason = dlerror();
    const std::string built = torch_version_built();
    throw Error("libtorch cannot be used, ipip was built for libtorch " + built + ": " +
                what_to_do(built) + "another torch is installed (" +
                (reason == nullptr ? "unknown reason" : reason) + ")");
  }
  return reinterpret_cast<TorchPartFunction*>(function)();
}

}  // namespace

const TorchPart& load_torch_part() {
  static const TorchPart* const part = load();
  return *part;
}

const TorchPart& matching_torch_part() {
  const TorchPart& part = load_torch_part();
  const std::string built = torch_version_built(), loaded = part.torch_version();
  if (built != loaded) {
    throw Error("libtorch " + loaded + " is loaded, but ipip was built for libtorch " + built +
                ": " + what_to_do(built) + "torch " + loaded + " is installed");
  }
  return part;
}

}  // namespace ipip
