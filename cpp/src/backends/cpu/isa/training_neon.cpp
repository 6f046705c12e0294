// SPDX-License-Identifier: MIT
// The build gives this file the compiler flags of its instruction set.
#define IPIP_ISA neon
#define IPIP_VECTOR_BYTES 16
#define IPIP_MAX_REGISTERS 4
#define IPIP_BACK_REGISTERS 2
#include "../training/kernels.inc"
