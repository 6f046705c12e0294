// SPDX-License-Identifier: MIT
// How the host executes a kernel, and memory whose numbers have records.
#pragma once

#include <bit>
#include <cstdlib>
#include <new>

#include "block_emulated.hpp"

namespace ipip::cuda {

/// Memory of an emulated device; its numbers are unwritten.
inline void* allocate_recorded(std::size_t bytes) {
  const std::size_t words = (bytes + kWord - 1) / kWord;
  const std::size_t lines = (bytes + sizeof(Heading) - 1) / sizeof(Heading) + 1;
  void* memory = std::aligned_alloc(alignof(Heading), lines * sizeof(Heading));
  if (memory == nullptr) throw std::bad_alloc();
  auto* records = new (std::nothrow) Record[words]();
  if (records == nullptr) {
    std::free(memory);
    throw std::bad_alloc();
  }
  auto* head = new (memory) Heading{records, bytes};
  return reinterpret_cast<unsigned char*>(head) + sizeof(Heading);
}

inline void free_recorded(void* memory) noexcept {
  Heading& head = heading(memory);
  delete[] head.records;
  std::free(&head);
}

/// Runs a kernel, block by block. Half of the launches, in an aperiodic sequence, go backwards
/// through blocks and threads: results that depend on their order differ from step to step.
template <class Kernel>
void execute(const Kernel& kernel, const char* name, std::uint32_t launch, SharedMemory& shared) {
  now() = Now{name, {}, std::popcount(launch) % 2 == 0};
  now().access.launch = launch;
  const std::int64_t blocks = kernel.blocks();
  for (std::int64_t k = 0; k < blocks; ++k) {
    const std::int64_t index = now().backwards ? blocks - 1 - k : k;
    now().access.block = static_cast<std::uint32_t>(index);
    now().access.phase = 0;
    shared.begin(static_cast<std::size_t>(kernel.shared_bytes()));
    run(kernel, Block(index, Kernel::kThreads, shared));
  }
}

}  // namespace ipip::cuda
