// SPDX-License-Identifier: MIT
// Training kernels for one instruction set; the build gives this file its compiler flags.
#define IPIP_ISA neon
#define IPIP_VECTOR_BYTES 16
#define IPIP_MAX_VECTORS 4
#define IPIP_BACK_VECTORS 2
#include "kernels.inc"
