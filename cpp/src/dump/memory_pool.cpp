// SPDX-License-Identifier: MIT
#include "dump/memory_pool.hpp"

#include <new>
#include <utility>

namespace ipip::dump {
namespace {

constexpr std::size_t kMostPieces = 256;       // that are kept
constexpr std::size_t kMostBytes = 1U << 26U;  // likewise
constexpr std::align_val_t kAlignment{64};

}  // namespace

void* MemoryPool::take(std::size_t bytes) {
  bytes = (bytes + 63) / 64 * 64 + 64;
  Head* head = nullptr;
  {
    const std::lock_guard lock(mutex_);
    // Frames have few sizes, which recur.
    for (std::size_t k = free_.size(); k-- > 0;) {
      if (free_[k]->bytes >= bytes && free_[k]->bytes <= bytes + bytes / 8) {
        head = free_[k];
        free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(k));
        free_bytes_ -= head->bytes;
        break;
      }
    }
  }
  if (head == nullptr) {
    head = new (::operator new(sizeof(Head) + bytes, kAlignment)) Head{nullptr, bytes};
  }
  head->pool = shared_from_this();
  return head + 1;
}

void MemoryPool::give_back(void* data) {
  Head* head = static_cast<Head*>(data) - 1;
  const std::shared_ptr<MemoryPool> pool = std::move(head->pool);
  {
    const std::lock_guard lock(pool->mutex_);
    if (!pool->closed_ && pool->free_.size() < kMostPieces &&
        pool->free_bytes_ + head->bytes <= kMostBytes) {
      pool->free_.push_back(head);
      pool->free_bytes_ += head->bytes;
      return;
    }
  }
  head->~Head();
  ::operator delete(head, kAlignment);
}

void MemoryPool::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (Head* const head : free_) {
    head->~Head();
    ::operator delete(head, kAlignment);
  }
  free_.clear();
  free_bytes_ = 0;
}

}  // namespace ipip::dump
