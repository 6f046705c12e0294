// SPDX-License-Identifier: MIT
// What needs libtorch: separate libraries, one for each minor version of torch that ipip was built
// for (libipip_torch-2.13.so). The one that fits is loaded on request.
#pragma once

#include <memory>
#include <string>

#include "backend.hpp"
#include "ipip/student.hpp"
#include "model/model_file.hpp"

namespace ipip {

/// The interface of a torch part. Loading that file also registers the operator
/// `ipip::halo_exchange` and the class `ipip.PainnTraining` with libtorch.
class TorchPart {
 public:
  virtual ~TorchPart() = default;

  /// Whether this libtorch was built with CUDA.
  virtual bool built_with_cuda() const = 0;

  /// Number of GPUs that it sees; 0 without CUDA.
  virtual int visible_gpus() const = 0;

  /// A student run by TorchScript: runs code in the file.
  /// @throws ipip::Error  libtorch cannot load it, or does not have the device
  virtual std::unique_ptr<Backend> make_backend(const ModelFile& file,
                                                const RunOptions& options) const = 0;
};

/// Type of the one function that a torch part exports, called IPIP_TORCH_PART; the object that it
/// returns lives as long as the process.
using TorchPartFunction = const TorchPart*();

/// Loads the torch part that fits libtorch from the folder of libipip.so, once.
/// @throws ipip::Error  there is no libtorch, or no part that fits it
const TorchPart& torch_part();

}  // namespace ipip
