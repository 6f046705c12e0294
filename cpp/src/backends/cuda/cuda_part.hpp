// SPDX-License-Identifier: MIT
// What needs a GPU's driver: a library of its own, libipip_cuda.so, loaded when it is asked for.
#pragma once

#include <memory>

#include "machine.hpp"

namespace ipip::cuda {

/// The interface of libipip_cuda.so, which knows nothing of libipip.
class CudaPart {
 public:
  virtual ~CudaPart() = default;

  /// GPUs that the driver shows; 0 without a driver.
  virtual int visible_gpus() const = 0;

  /// One of them, from 0. @throws what the driver says
  virtual std::unique_ptr<Machine> open(int gpu) const = 0;
};

/// Type of the one function that libipip_cuda.so shows, which is called IPIP_CUDA_PART; what it
/// returns stays.
using CudaPartFunction = const CudaPart*();

}  // namespace ipip::cuda
