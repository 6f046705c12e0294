// SPDX-License-Identifier: MIT
// The vocabulary in which kernels are written, for a GPU or for the host.
//
// A kernel is a sequence of phases of a block: `each_thread` or `each_warp`, each followed by a
// barrier. Only memory passes from one phase to the next. In `each_thread` a number belongs to one
// thread; in `each_warp` it is the same in all lanes, or a `Lanes<T>`, which has one for each of 32
// lanes, or a `Strip<T, n>`, n channels a lane. `sync_warp` orders what the lanes of a warp do.
#pragma once

#ifdef __CUDACC__
#include "block_nvcc.hpp"
#else
#include "block_emulated.hpp"
#endif
