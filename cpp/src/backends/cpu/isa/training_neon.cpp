// SPDX-License-Identifier: MIT
// The build gives this file the compiler flags of its instruction set.
#define IPIP_ISA neon
#define IPIP_VECTOR_BYTES 16
#define IPIP_MAX_VECTORS 4
#define IPIP_BACK_VECTORS 2
#include "../training/kernels.inc"
