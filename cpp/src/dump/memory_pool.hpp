// SPDX-License-Identifier: MIT
// Arrays that are not filled when they are made, may outlive their maker, and whose memory is
// reused for the next frames: otherwise it would be returned to the system and requested again,
// page by page, between two frames.
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

  /// At least `bytes`, aligned to 64; return it by `give_back`. Throws std::bad_alloc.
  void* take(std::size_t bytes);
  /// Returns memory that any pool gave.
  static void give_back(void* data);
  /// Releases free memory; memory returned from now on is not kept.
  void close();

 private:
  // Precedes the data.
  struct alignas(64) Head {
    std::shared_ptr<MemoryPool> pool;
    std::size_t bytes;
  };

  std::mutex mutex_;
  std::vector<Head*> free_;  // in the order of their return
  std::size_t free_bytes_ = 0;
  bool closed_ = false;
};

struct GiveBack {
  void operator()(void* data) const { MemoryPool::give_back(data); }
};

/// Numbers; nullptr: no such array (an empty one is not null).
template <class T>
using Memory = std::unique_ptr<T[], GiveBack>;

template <class T>
Memory<T> memory_for(MemoryPool& pool, std::int64_t count) {
  return Memory<T>(static_cast<T*>(pool.take(static_cast<std::size_t>(count) * sizeof(T))));
}

}  // namespace ipip::dump
