// SPDX-License-Identifier: MIT
// What needs a GPU's driver: the library libipip_cuda.so, loaded on request.
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

  /// One of these GPUs, counted from 0. @throws what the driver says
  virtual std::unique_ptr<Machine> open(int gpu) const = 0;
};

/// Type of the one function that libipip_cuda.so exports, called IPIP_CUDA_PART; the object that it
/// returns lives as long as the process.
using CudaPartFunction = const CudaPart*();

}  // namespace ipip::cuda
