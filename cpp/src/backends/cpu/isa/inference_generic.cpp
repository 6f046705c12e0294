// SPDX-License-Identifier: MIT
// The build gives this file the compiler flags of its instruction set.
#define IPIP_ISA generic
#define IPIP_VECTOR_BYTES 16
#define IPIP_MAX_REGISTERS 2
#define IPIP_BACK_REGISTERS 1
#include "../inference/kernels.inc"
