// SPDX-License-Identifier: MIT
// Arrays that are not filled when they are made, that may outlive who made them, and whose memory
// is used again for the next frames: the system's would be handed back to it and taken anew, page
// by page, between one frame and the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace ipip::dump {

/// Pieces of memory that are free. Any thread may take and return them.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  MemoryPool() = default;
  ~MemoryPool() { close(); }
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  /// At least `bytes`, aligned to 64, to be given to `give_back`. Throws std::bad_alloc.
  void* take(std::size_t bytes);
  /// Returns what some pool gave.
  static void give_back(void* data);
  /// Frees what is free; what is returned from now on is not kept.
  void close();

 private:
  // Stands before the data.
  struct alignas(64) Head {
    std::shared_ptr<MemoryPool> pool;
    std::size_t bytes;
  };

  std::mutex mutex_;
  std::vector<Head*> free_;  // the one that was returned last comes last
  std::size_t free_bytes_ = 0;
  bool closed_ = false;
};

struct GiveBack {
  void operator()(void* data) const { MemoryPool::give_back(data); }
};

/// Numbers; nullptr: there are none of this kind (an empty array is one).
template <class T>
using Memory = std::unique_ptr<T[], GiveBack>;

template <class T>
Memory<T> memory_for(MemoryPool& pool, std::int64_t count) {
  return Memory<T>(static_cast<T*>(pool.take(static_cast<std::size_t>(count) * sizeof(T))));
}

}  // namespace ipip::dump
