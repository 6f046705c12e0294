// SPDX-License-Identifier: MIT
// What a warp does on tensor cores, as a GPU does it or as the host imitates it:
//
//   to_tf32(x)             x rounded to 10 bits after its leading one
//   add_tf32(sums, a, b)   sums += a b, a [16, 8], b [8, 8], whose numbers count to 10 bits
//
// With g = lane / 4 and t = lane % 4 a lane holds a[g, t], a[g + 8, t], a[g, t + 4],
// a[g + 8, t + 4]; b[t, g], b[t + 4, g]; sums[g, 2 t], sums[g, 2 t + 1], sums[g + 8, 2 t],
// sums[g + 8, 2 t + 1] (PTX ISA, mma.m16n8k8 of .tf32).
#pragma once

#ifdef __CUDACC__
#include "tensor_nvcc.hpp"
#else
#include "tensor_emulated.hpp"
#endif
