// SPDX-License-Identifier: MIT
// Memory of a machine that grows and never shrinks; contents are lost when it grows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "machine.hpp"

namespace ipip::cuda {

/// Numbers on the device.
template <class T>
class Memory {
 public:
  explicit Memory(Machine& machine) : machine_(&machine) {}
  Memory(Memory&& other) noexcept
      : machine_(other.machine_),
        data_(std::exchange(other.data_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  Memory& operator=(Memory&& other) noexcept {
    std::swap(machine_, other.machine_);
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Memory() { release(); }

  void resize(std::int64_t size) {
    if (size > capacity_) {
      release();
      const std::int64_t wanted = size + size / 16;
      data_ = static_cast<T*>(machine_->allocate(static_cast<std::size_t>(wanted) * sizeof(T)));
      capacity_ = wanted;
    }
    size_ = size;
  }
  void release() {
    if (data_ != nullptr) machine_->free(data_);
    data_ = nullptr;
    capacity_ = size_ = 0;
  }
  /// The contents become invalid.
  void forget() {
    if (data_ != nullptr) machine_->forget(data_);
  }
  Array<T> array() const { return {data_, size_}; }
  std::int64_t size() const { return size_; }
  double bytes() const { return static_cast<double>(capacity_) * sizeof(T); }

 private:
  Machine* machine_;
  T* data_ = nullptr;
  std::int64_t capacity_ = 0, size_ = 0;
};

/// Numbers on the host that the device reads and writes directly.
template <class T>
class HostMemory {
 public:
  explicit HostMemory(Machine& machine) : machine_(&machine) {}
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;
  ~HostMemory() { release(); }

  void resize(std::int64_t size) {
    if (size > capacity_) {
      release();
      const std::int64_t wanted = size + size / 16;
      data_ =
          static_cast<T*>(machine_->allocate_host(static_cast<std::size_t>(wanted) * sizeof(T)));
      capacity_ = wanted;
    }
    size_ = size;
  }
  void release() {
    if (data_ != nullptr) machine_->free_host(data_);
    data_ = nullptr;
    capacity_ = size_ = 0;
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  std::int64_t size() const { return size_; }
  double bytes() const { return static_cast<double>(capacity_) * sizeof(T); }

 private:
  Machine* machine_;
  T* data_ = nullptr;
  std::int64_t capacity_ = 0, size_ = 0;
};

template <class T>
void upload(Machine& machine, const HostMemory<T>& from, const Memory<T>& to) {
  if (from.size() == 0) return;
  machine.upload(to.array().data, 0, from.data(), from.size(), sizeof(T));
}

template <class T>
void download(Machine& machine, const Memory<T>& from, HostMemory<T>& to) {
  if (from.size() == 0) return;
  machine.download(to.data(), from.array().data, 0, from.size(), sizeof(T));
}

/// Copies numbers to the device through `staged`, and waits for it.
template <class From, class T>
void assign(Machine& machine, const std::vector<From>& from, HostMemory<T>& staged, Memory<T>& to) {
  to.resize(static_cast<std::int64_t>(from.size()));
  if (from.empty()) return;
  staged.resize(to.size());
  std::transform(from.begin(), from.end(), staged.data(),
                 [](From value) { return static_cast<T>(value); });
  upload(machine, staged, to);
  machine.wait();
}

/// The same for what happens once: host memory that a device reads is expensive to allocate.
template <class From, class T>
void assign(Machine& machine, const std::vector<From>& from, Memory<T>& to) {
  HostMemory<T> staged(machine);
  assign(machine, from, staged, to);
}

}  // namespace ipip::cuda
