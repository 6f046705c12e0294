// SPDX-License-Identifier: MIT
#include "../device/training/frames.hpp"
#include "../device/training/pair_tangents.hpp"
#include "../device/training/table_gradients.hpp"
#include "emulated_kernels.hpp"

namespace ipip::cuda {

IPIP_PAIR_KERNELS(IPIP_EXECUTE)

}  // namespace ipip::cuda
