// SPDX-License-Identifier: MIT
// Arrays that are not filled when they are made, and that may outlive who made them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace ipip::dump {

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

/// Numbers that `std::free` returns; nullptr: there are none of this kind (an empty array is one).
template <class T>
using Memory = std::unique_ptr<T[], Free>;

template <class T>
Memory<T> memory_for(std::int64_t count) {
  const auto bytes = (static_cast<std::size_t>(count) + 1) * sizeof(T);
  void* const found = std::malloc(bytes);
  if (found == nullptr) throw std::bad_alloc();
  return Memory<T>(static_cast<T*>(found));
}

}  // namespace ipip::dump
