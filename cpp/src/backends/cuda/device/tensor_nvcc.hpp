// SPDX-License-Identifier: MIT
// Tensor cores of a GPU.
#pragma once

#include "block.hpp"

namespace ipip::cuda {

// GPUs of compute capability 7.5 have no tensor cores for TF32.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
constexpr bool kTensorCores = false;
IPIP_DEVICE float to_tf32(float x) {
  return x;
}
IPIP_DEVICE void add_tf32(float (&)[4], const float (&)[4], const float (&)[2]) {}
#else
constexpr bool kTensorCores = true;
// As cvt.rna.tf32, which takes twice the instructions. A NaN may become a number here: its small
// part is NaN then.
IPIP_DEVICE float to_tf32(float x) {
  return __uint_as_float((__float_as_uint(x) + 0x1000U) & ~0x1fffU);
}
// All lanes of the warp at once.
IPIP_DEVICE void add_tf32(float (&sums)[4], const float (&a)[4], const float (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
        "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
}
#endif

}  // namespace ipip::cuda
