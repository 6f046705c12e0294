// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace ipip::cpu {

/// Memory aligned to cache lines that grows and never shrinks; contents are lost when it grows.
template <class T>
class Buffer {
 public:
  /// Makes room for `size` numbers, with a margin so that small changes allocate nothing.
  void reserve(std::size_t size) {
    if (size <= capacity_) return;
    const std::size_t wanted = size + size / 16 + 64;
    data_.reset();
    capacity_ = 0;
    // Rows of neighbours are far apart in memory: large pages make them cheap to reach.
    const std::size_t unit = wanted * sizeof(T) >= 2 * kLargePage ? kLargePage : kLine;
    const std::size_t bytes = (wanted * sizeof(T) + unit - 1) / unit * unit;
    auto* memory = static_cast<T*>(std::aligned_alloc(unit, bytes));
    if (memory == nullptr) throw std::bad_alloc();
#ifdef __linux__
    if (unit == kLargePage) madvise(memory, bytes, MADV_HUGEPAGE);  // a hint: failure does no harm
#endif
    data_.reset(memory);
    capacity_ = wanted;
  }

  void release() {
    data_.reset();
    capacity_ = 0;
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  double bytes() const { return static_cast<double>(capacity_ * sizeof(T)); }

 private:
  static constexpr std::size_t kLine = 64;
  static constexpr std::size_t kLargePage = std::size_t(1) << 21;
  struct Free {
    void operator()(T* memory) const { std::free(memory); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t capacity_ = 0;
};

}  // namespace ipip::cpu
