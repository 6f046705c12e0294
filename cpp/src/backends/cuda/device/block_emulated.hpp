// SPDX-License-Identifier: MIT
// The vocabulary of kernels on the host: a block's threads run one after the other from barrier to
// barrier, a warp is an array of 32 numbers, and each access to memory is checked.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "record.hpp"

#define IPIP_DEVICE inline
#define IPIP_UNROLL

namespace ipip::cuda {

template <class T>
struct LanesOf {
  T of[kLanes] = {};
  LanesOf() = default;
  LanesOf(T value) { std::fill_n(of, kLanes, value); }  // as a number does in all lanes

  template <class Other>
  LanesOf& operator+=(const Other& other) {
    return *this = *this + other;
  }
  template <class Other>
  LanesOf& operator-=(const Other& other) {
    return *this = *this - other;
  }
  template <class Other>
  LanesOf& operator*=(const Other& other) {
    return *this = *this * other;
  }
};
template <class T>
using Lanes = LanesOf<T>;
template <class T, int n>
struct Strip {
  LanesOf<T> v[n];
};

template <class T>
T of_lane(const LanesOf<T>& value, int k) {
  return value.of[k];
}
template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
T of_lane(T value, int /*k*/) {
  return value;
}
// f of each lane's numbers.
template <class Function, class... T>
auto each_lane(const Function& f, const T&... values) {
  LanesOf<decltype(f(of_lane(values, 0)...))> out;
  for (int k = 0; k < kLanes; ++k) out.of[k] = f(of_lane(values, k)...);
  return out;
}

#define IPIP_LANES(op)                                               \
  template <class T>                                                 \
  auto operator op(const LanesOf<T>& a, const LanesOf<T>& b) {       \
    return each_lane([](T x, T y) { return x op y; }, a, b);         \
  }                                                                  \
  template <class T>                                                 \
  auto operator op(const LanesOf<T>& a, std::type_identity_t<T> b) { \
    return each_lane([](T x, T y) { return x op y; }, a, b);         \
  }                                                                  \
  template <class T>                                                 \
  auto operator op(std::type_identity_t<T> a, const LanesOf<T>& b) { \
    return each_lane([](T x, T y) { return x op y; }, a, b);         \
  }
IPIP_LANES(+)
IPIP_LANES(-)
IPIP_LANES(*)
IPIP_LANES(/)
IPIP_LANES(<)
IPIP_LANES(>=)
IPIP_LANES(&&)
#undef IPIP_LANES
template <class T>
auto operator-(const LanesOf<T>& a) {
  return each_lane([](T x) { return -x; }, a);
}
inline auto operator!(const LanesOf<bool>& a) {
  return each_lane([](bool x) { return !x; }, a);
}

/// Shared memory of a block, whose numbers are unwritten when the block begins.
class SharedMemory {
 public:
  void begin(std::size_t bytes) {
    const std::size_t words = (bytes + kWord - 1) / kWord;
    if (memory_.size() < bytes + sizeof(Heading)) memory_.resize(bytes + sizeof(Heading));
    records_.assign(words, Record());
    heading_of()->records = records_.data();
    heading_of()->bytes = bytes;
    bytes_ = bytes;
  }
  void* data() { return reinterpret_cast<unsigned char*>(heading_of()) + sizeof(Heading); }
  std::size_t bytes() const { return bytes_; }

 private:
  Heading* heading_of() { return reinterpret_cast<Heading*>(memory_.data()); }
  struct alignas(64) Line {
    unsigned char bytes[64];
  };
  struct Lines {
    std::vector<Line> lines;
    std::size_t size() const { return lines.size() * sizeof(Line); }
    void resize(std::size_t bytes) { lines.resize(bytes / sizeof(Line) + 1); }
    unsigned char* data() { return lines.data()->bytes; }
  };
  Lines memory_;
  std::vector<Record> records_;
  std::size_t bytes_ = 0;
};

class Block {
 public:
  Block(std::int64_t index, int threads, SharedMemory& shared)
      : index_(index), threads_(threads), shared_(shared) {}

  std::int64_t index() const { return index_; }
  template <class Work>
  void each_thread(const Work& work) const {
    each(1, work);
  }
  template <class Work>
  void each_warp(const Work& work) const {
    each(kLanes, work);
  }
  template <class T>
  Array<T> shared() const {
    return {static_cast<T*>(shared_.data()),
            static_cast<std::int64_t>(shared_.bytes() / sizeof(T))};
  }

 private:
  template <class Work>
  void each(int lanes, const Work& work) const {
    const std::uint32_t phase = now().access.phase;
    const int n = threads_ / lanes;
    for (int step = 0; step < n; ++step) {
      const int k = now().backwards ? n - 1 - step : step;
      now().access.phase = phase;
      now().access.thread = static_cast<std::uint32_t>(k * lanes);
      work(k);
    }
    now().access.phase = ((phase >> kWarpBits) + 1) << kWarpBits;
  }

  std::int64_t index_;
  int threads_;
  SharedMemory& shared_;
};

inline LanesOf<int> lane() {
  LanesOf<int> out;
  for (int k = 0; k < kLanes; ++k) out.of[k] = k;
  return out;
}
inline void sync_warp() {
  ++now().access.phase;
}

inline std::uint32_t thread_of(int k) {
  return now().access.thread + static_cast<std::uint32_t>(k);
}

template <class T>
T read(const Array<T>& a, std::int64_t at) {
  check_read(a, at, now().access.thread);
  return a.data[at];
}
template <class T>
void write(const Array<T>& a, std::int64_t at, T value) {
  check_write(a, at, now().access.thread);
  a.data[at] = value;
}

template <class T, int n>
struct Words {
  T v[n];
};
template <class T>
void check_words(std::int64_t at, int n, const Array<T>& a) {
  if (at % n != 0) refuse("crosses a word of " + std::to_string(n) + " with", at, a.size);
}
template <int n, class T>
Words<T, n> read_words(const Array<T>& a, std::int64_t at) {
  check_words(at, n, a);
  Words<T, n> out;
  for (int k = 0; k < n; ++k) out.v[k] = read(a, at + k);
  return out;
}
template <int n, class T>
void write_words(const Array<T>& a, std::int64_t at, const Words<T, n>& words) {
  check_words(at, n, a);
  for (int k = 0; k < n; ++k) write(a, at + k, words.v[k]);
}

// Each lane reads n numbers.
template <int n, class T>
Strip<T, n> gather_words(const Array<T>& a, const LanesOf<std::int64_t>& at) {
  Strip<T, n> out;
  for (int k = 0; k < kLanes; ++k) {
    check_words(at.of[k], n, a);
    for (int v = 0; v < n; ++v) {
      check_read(a, at.of[k] + v, thread_of(k));
      out.v[v].of[k] = a.data[at.of[k] + v];
    }
  }
  return out;
}

// Written by one lane of a warp.
template <class T>
void write_once(const Array<T>& a, std::int64_t at, T value) {
  write(a, at, value);
}
template <class T>
LanesOf<T> gather(const Array<T>& a, const LanesOf<std::int64_t>& at, const LanesOf<bool>& when) {
  LanesOf<T> out;
  for (int k = 0; k < kLanes; ++k) {
    if (!when.of[k]) continue;
    check_read(a, at.of[k], thread_of(k));
    out.of[k] = a.data[at.of[k]];
  }
  return out;
}
template <class T>
void scatter(const Array<T>& a, const LanesOf<std::int64_t>& at,
             const LanesOf<std::type_identity_t<T>>& value, const LanesOf<bool>& when) {
  for (int k = 0; k < kLanes; ++k) {
    if (!when.of[k]) continue;
    check_write(a, at.of[k], thread_of(k));
    a.data[at.of[k]] = value.of[k];
  }
}
inline void lower(const Array<unsigned long long>& a, const LanesOf<std::int64_t>& at,
                  const LanesOf<double>& value, const LanesOf<bool>& when) {
  for (int k = 0; k < kLanes; ++k) {
    if (!when.of[k]) continue;
    check_atomic(a, at.of[k], thread_of(k));
    unsigned long long bits = 0;
    std::memcpy(&bits, &value.of[k], sizeof bits);
    a.data[at.of[k]] = std::min(a.data[at.of[k]], bits);
  }
}

// Adds one and returns the old number: threads that do so at once get different numbers.
inline int increase(const Array<int>& a, std::int64_t at) {
  check_atomic(a, at, now().access.thread);
  return a.data[at]++;
}

// Channels [at, at + 32 n): lane k has channels from n k on.
template <int n, class T>
Strip<T, n> load(const Array<T>& a, std::int64_t at) {
  check_words(at, n, a);
  Strip<T, n> out;
  for (int k = 0; k < kLanes; ++k) {
    for (int v = 0; v < n; ++v) {
      check_read(a, at + n * k + v, thread_of(k));
      out.v[v].of[k] = a.data[at + n * k + v];
    }
  }
  return out;
}
template <int n, class T>
Strip<T, n> load_far(const Array<T>& a, std::int64_t at) {
  return load<n>(a, at);
}
template <class T, int n>
void store(const Array<T>& a, std::int64_t at, const Strip<T, n>& strip) {
  check_words(at, n, a);
  for (int k = 0; k < kLanes; ++k) {
    for (int v = 0; v < n; ++v) {
      check_write(a, at + n * k + v, thread_of(k));
      a.data[at + n * k + v] = strip.v[v].of[k];
    }
  }
}

// In the order of a GPU's lanes.
template <class T>
T sum(LanesOf<T> value) {
  for (int step = kLanes / 2; step > 0; step /= 2) {
    const LanesOf<T> before = value;
    for (int k = 0; k < kLanes; ++k) value.of[k] += before.of[k ^ step];
  }
  return value.of[0];
}
// Number of lanes before this one for which it holds, and of all lanes for which it holds.
inline LanesOf<int> count_before(const LanesOf<bool>& holds) {
  LanesOf<int> out;
  for (int k = 1; k < kLanes; ++k) out.of[k] = out.of[k - 1] + (holds.of[k - 1] ? 1 : 0);
  return out;
}
inline int count_all(const LanesOf<bool>& holds) {
  return static_cast<int>(std::count(holds.of, holds.of + kLanes, true));
}
template <class T>
LanesOf<T> select(const LanesOf<bool>& when, const LanesOf<T>& yes,
                  const std::type_identity_t<LanesOf<T>>& no) {
  return each_lane([](bool w, T y, T n) { return w ? y : n; }, when, yes, no);
}
template <class To, class From>
LanesOf<To> convert(const LanesOf<From>& value) {
  return each_lane([](From x) { return static_cast<To>(x); }, value);
}

// f(lane) with each lane as a separate thread, in the order of the launch.
template <class Function>
void each_lane_by_itself(const Function& f) {
  const std::uint32_t first = now().access.thread;
  for (int step = 0; step < kLanes; ++step) {
    const int k = now().backwards ? kLanes - 1 - step : step;
    now().access.thread = first + static_cast<std::uint32_t>(k);
    f(k);
  }
  now().access.thread = first;
}

inline float square_root(float x) {
  return std::sqrt(x);
}
inline double square_root(double x) {
  return std::sqrt(x);
}
inline float exponential(float x) {
  return std::exp(x);
}
inline double exponential(double x) {
  return std::exp(x);
}

}  // namespace ipip::cuda
