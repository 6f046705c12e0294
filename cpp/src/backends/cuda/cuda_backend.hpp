// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "backend.hpp"
#include "ipip/student.hpp"
#include "model/model_file.hpp"

namespace ipip {

namespace cuda {
class Machine;
}

/// Whether a device is one of these kernels': "cuda:k", or "emulate", the host that executes the
/// same source and checks each access to memory.
bool is_cuda_device(const std::string& device);

/// GPUs that the CUDA driver shows. Loads libipip_cuda.so.
/// @throws ipip::Error  it is not there, or cannot be loaded
int cuda_gpus();

/// A device of these kernels.
/// @throws ipip::Error  the device is not available
std::unique_ptr<cuda::Machine> open_cuda_machine(const std::string& device);

/// The kernels for a student, which read numbers only, on `options.device`.
/// @throws ipip::Error  the device is not available, or the student is too wide for it
std::unique_ptr<Backend> make_cuda_backend(const ModelFile& file, const RunOptions& options);

}  // namespace ipip
