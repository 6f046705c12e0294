// SPDX-License-Identifier: MIT
// What needs libtorch: libraries of their own, one for each minor version of torch that ipip was
// built for (libipip_torch-2.13.so), of which the one that fits is loaded when it is asked for.
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

  /// Whether that libtorch was built with CUDA.
  virtual bool built_with_cuda() const = 0;

  /// GPUs that it sees; 0 without CUDA.
  virtual int visible_gpus() const = 0;

  /// A student run by TorchScript: runs code that is in the file.
  /// @throws ipip::Error  libtorch cannot load it, or does not have the device
  virtual std::unique_ptr<Backend> make_backend(const ModelFile& file,
                                                const RunOptions& options) const = 0;
};

/// Type of the one function that a torch part shows, which is called IPIP_TORCH_PART; what it
/// returns stays.
using TorchPartFunction = const TorchPart*();

/// Loads the torch part that fits libtorch from the folder of libipip.so, once.
/// @throws ipip::Error  there is no libtorch, or no part that fits it
const TorchPart& torch_part();

}  // namespace ipip
