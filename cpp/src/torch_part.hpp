// SPDX-License-Identifier: MIT
// What needs libtorch: a library of its own, libipip_torch.so, loaded when it is asked for.
#pragma once

#include <memory>
#include <string>

#include "backend.hpp"
#include "ipip/student.hpp"
#include "model/model_file.hpp"

namespace ipip {

/// The interface of libipip_torch.so. Loading that file also registers the operator
/// `ipip::halo_exchange` and the class `ipip.PainnTraining` with libtorch.
class TorchPart {
 public:
  virtual ~TorchPart() = default;

  /// Version of the libtorch that is loaded, as libtorch itself tells it, "major.minor.patch".
  virtual std::string torch_version() const = 0;

  /// Whether that libtorch was built with CUDA.
  virtual bool built_with_cuda() const = 0;

  /// GPUs that it sees; 0 without CUDA.
  virtual int visible_gpus() const = 0;

  /// A student run by TorchScript: runs code that is in the file.
  /// @throws ipip::Error  libtorch cannot load it, or does not have the device
  virtual std::unique_ptr<Backend> make_backend(const ModelFile& file,
                                                const RunOptions& options) const = 0;
};

/// Name and type of the one function that libipip_torch.so shows; what it returns stays.
constexpr const char* kTorchPartFunction = "ipip_torch_part";
using TorchPartFunction = const TorchPart*();

/// Loads libipip_torch.so from the folder of libipip.so, once.
/// @throws ipip::Error  it cannot be loaded: no libtorch, or one that it does not fit
const TorchPart& load_torch_part();

/// The same, of the libtorch that ipip was built for.
/// @throws ipip::Error  also where another libtorch is loaded
const TorchPart& matching_torch_part();

}  // namespace ipip
