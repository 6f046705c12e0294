// SPDX-License-Identifier: MIT
#include "../device/training/matrices.hpp"
#include "../device/training/node_tangents.hpp"
#include "../device/training/nodes.hpp"
#include "emulated_kernels.hpp"

namespace ipip::cuda {

IPIP_NODE_KERNELS(IPIP_EXECUTE)

}  // namespace ipip::cuda
