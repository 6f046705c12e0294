// SPDX-License-Identifier: MIT
// What an emulated run records of each number on its device, so that it finds what a GPU would not
// report: accesses out of bounds, numbers that were never written, and two accesses without a
// defined order, of which one is a write.
//
// Order within a launch: that of the phases of a block, and within a warp that of `sync_warp`.
// Blocks of a launch have none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>

#include "../array.hpp"
#include "../kernels.hpp"

namespace ipip::cuda {

/// Who accesses a number, and when. A launch has a number from 1 on; 0 is never.
struct Access {
  std::uint32_t launch = 0;
  std::uint32_t block = 0;
  std::uint32_t phase = 0;  ///< of the block; the lower half counts what its warp puts in order
  std::uint32_t thread = 0;
};

constexpr int kWarpBits = 16;
constexpr std::uint32_t kMany = 0xffffffffU;       // several blocks, or several warps
constexpr std::uint32_t kManyLanes = 0x40000000U;  // and the first thread of their warp
constexpr std::uint32_t kAtomic = 0x80000000U;

struct Record {
  Access writer;
  Access reader;
};

/// Before the first number of an allocation.
struct alignas(64) Heading {
  Record* records = nullptr;  ///< one for each word of 4 bytes
  std::size_t bytes = 0;
};

/// The access that is being emulated; one for each thread of the host, which emulates one device.
struct Now {
  const char* kernel = "";
  Access access;
  bool backwards = false;
};
inline Now& now() {
  thread_local Now present;
  return present;
}

constexpr std::size_t kWord = 4;

inline Heading& heading(const void* data) {
  auto* memory = static_cast<unsigned char*>(const_cast<void*>(data));
  return *std::launder(reinterpret_cast<Heading*>(memory - sizeof(Heading)));
}

[[noreturn]] inline void refuse(const std::string& what, std::int64_t at, std::int64_t size) {
  const Access& a = now().access;
  throw std::logic_error(std::string("emulated kernel ") + now().kernel + ", block " +
                         std::to_string(a.block) + ", thread " + std::to_string(a.thread) + ", " +
                         what + " number " + std::to_string(at) + " of an array of " +
                         std::to_string(size));
}

// Whether nothing puts an access before this one.
inline bool races(const Access& before, std::uint32_t thread) {
  const Access& a = now().access;
  if (before.launch != a.launch) return false;
  if (before.block != a.block) return true;
  if ((before.phase ^ a.phase) >> kWarpBits != 0) return false;
  if (before.thread == kMany || (before.thread & kAtomic) != 0) return true;
  const std::uint32_t threads = before.thread & ~kManyLanes;
  if (threads / kLanes != thread / kLanes) return true;
  return before.phase == a.phase && before.thread != thread;
}

template <class T>
Record& record(const Array<T>& a, std::int64_t at, const char* what) {
  if (a.data == nullptr || at < 0 || at >= a.size)
    refuse(std::string(what) + " beyond", at, a.size);
  const Heading& head = heading(a.data);
  if ((static_cast<std::size_t>(at) + 1) * sizeof(T) > head.bytes) {
    refuse(std::string(what) + " beyond the memory of", at, a.size);
  }
  return head.records[static_cast<std::size_t>(at) * sizeof(T) / kWord];
}

template <class T>
void check_read(const Array<T>& a, std::int64_t at, std::uint32_t thread) {
  Record& known = record(a, at, "reads");
  if (known.writer.launch == 0) refuse("reads what was never written:", at, a.size);
  if (races(known.writer, thread)) refuse("reads while another thread writes", at, a.size);
  Access& reader = known.reader;
  const Access& a_now = now().access;
  if (reader.launch != a_now.launch) {
    reader = a_now;
    reader.thread = thread;
  } else if (reader.block != a_now.block) {
    reader.block = kMany;
  } else if ((reader.phase ^ a_now.phase) >> kWarpBits != 0) {
    reader = a_now;
    reader.thread = thread;
  } else if (reader.thread != thread && reader.thread != kMany) {
    const bool same_warp = (reader.thread & ~kManyLanes) / kLanes == thread / kLanes;
    reader.thread = same_warp ? thread / kLanes * kLanes | kManyLanes : kMany;
    reader.phase = a_now.phase;
  }
}

template <class T>
void check_write(const Array<T>& a, std::int64_t at, std::uint32_t thread) {
  Record& known = record(a, at, "writes");
  if (races(known.writer, thread)) refuse("writes while another thread writes", at, a.size);
  if (races(known.reader, thread)) refuse("writes while another thread reads", at, a.size);
  known.writer = now().access;
  known.writer.thread = thread;
}

// Lowering a number, or adding one, comes to the same in any order.
template <class T>
void check_atomic(const Array<T>& a, std::int64_t at, std::uint32_t thread) {
  Record& known = record(a, at, "changes");
  if (known.writer.launch == 0) refuse("changes what was never written:", at, a.size);
  const bool changed = known.writer.launch == now().access.launch &&
                       (known.writer.thread & kAtomic) != 0 && known.writer.thread != kMany;
  if (!changed && races(known.writer, thread)) {
    refuse("changes while another thread writes", at, a.size);
  }
  if (races(known.reader, thread)) refuse("changes while another thread reads", at, a.size);
  known.writer = now().access;
  known.writer.thread = kAtomic | thread;
}

}  // namespace ipip::cuda
