// SPDX-License-Identifier: MIT
// How many blocks a kernel is launched with. Each kernel states `kThreads` of a block, `kBlocks`,
// for which a multiprocessor has registers at least, and `shared_bytes` of a block.
#pragma once

#include <cstdint>

namespace ipip::cuda {

constexpr int kLanes = 32;

inline std::int64_t blocks_for(std::int64_t items, std::int64_t per_block) {
  return (items + per_block - 1) / per_block;
}

}  // namespace ipip::cuda
