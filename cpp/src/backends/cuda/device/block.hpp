// SPDX-License-Identifier: MIT
// The words in which kernels are written, for a GPU or for the host.
//
// A kernel is a sequence of phases of a block: `each_thread` or `each_warp`, with a barrier behind
// each. Nothing but memory passes from one phase to the next. In `each_thread` a number is one
// thread's; in `each_warp` it is the same in all lanes, or a `Lanes<T>`, which has one for each of
// 32, or a `Strip<T, n>`, n channels a lane. `sync_warp` orders what the lanes of a warp do.
#pragma once

#ifdef __CUDACC__
#include "block_nvcc.hpp"
#else
#include "block_emulated.hpp"
#endif
