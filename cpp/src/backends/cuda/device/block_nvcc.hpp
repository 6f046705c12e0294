// SPDX-License-Identifier: MIT
// The vocabulary of kernels as nvcc compiles it: a lane is a thread.
#pragma once

#include <cstdint>

#include "../kernels.hpp"

#define IPIP_DEVICE __device__ __forceinline__
#define IPIP_UNROLL _Pragma("unroll")

namespace ipip::cuda {

template <class T>
using Lanes = T;
template <class T, int n>
struct Strip {
  T v[n];
};

class Block {
 public:
  IPIP_DEVICE std::int64_t index() const { return blockIdx.x; }
  template <class Work>
  IPIP_DEVICE void each_thread(const Work& work) const {
    work(static_cast<int>(threadIdx.x));
    __syncthreads();
  }
  template <class Work>
  IPIP_DEVICE void each_warp(const Work& work) const {
    work(static_cast<int>(threadIdx.x) / kLanes);
    __syncthreads();
  }
  template <class T>
  IPIP_DEVICE Array<T> shared() const {
    extern __shared__ __align__(16) unsigned char memory[];
    return {reinterpret_cast<T*>(memory), 0};
  }
};

IPIP_DEVICE int lane() {
  return static_cast<int>(threadIdx.x) % kLanes;
}
IPIP_DEVICE void sync_warp() {
  __syncwarp();
}

template <class T>
IPIP_DEVICE T read(const Array<T>& a, std::int64_t at) {
  return a.data[at];
}
template <class T>
IPIP_DEVICE void write(const Array<T>& a, std::int64_t at, T value) {
  a.data[at] = value;
}

// n numbers of 16 bytes at most at once, from a multiple of n.
template <class T, int n>
struct alignas(n * sizeof(T) < 16 ? n * sizeof(T) : 16) Words {
  T v[n];
};
template <int n, class T>
IPIP_DEVICE Words<T, n> read_words(const Array<T>& a, std::int64_t at) {
  return *reinterpret_cast<const Words<T, n>*>(a.data + at);
}
template <int n, class T>
IPIP_DEVICE void write_words(const Array<T>& a, std::int64_t at, const Words<T, n>& words) {
  *reinterpret_cast<Words<T, n>*>(a.data + at) = words;
}

// Each lane reads n numbers.
template <int n, class T>
IPIP_DEVICE Strip<T, n> gather_words(const Array<T>& a, Lanes<std::int64_t> at) {
  const Words<T, n> words = read_words<n>(a, at);
  Strip<T, n> out;
  for (int v = 0; v < n; ++v) out.v[v] = words.v[v];
  return out;
}

// Written by one lane of a warp.
template <class T>
IPIP_DEVICE void write_once(const Array<T>& a, std::int64_t at, T value) {
  if (lane() == 0) a.data[at] = value;
}
template <class T>
IPIP_DEVICE Lanes<T> gather(const Array<T>& a, Lanes<std::int64_t> at, Lanes<bool> when) {
  return when ? a.data[at] : T(0);
}
template <class T>
IPIP_DEVICE void scatter(const Array<T>& a, Lanes<std::int64_t> at, Lanes<T> value,
                         Lanes<bool> when) {
  if (when) a.data[at] = value;
}
IPIP_DEVICE void lower(const Array<unsigned long long>& a, Lanes<std::int64_t> at,
                       Lanes<double> value, Lanes<bool> when) {
  const auto bits = static_cast<unsigned long long>(__double_as_longlong(value));
  // Another thread may have lowered the number meanwhile: then atomicMin changes nothing.
  if (when && bits < a.data[at]) atomicMin(a.data + at, bits);
}

// Adds one and returns the old number: threads that do so at once get different numbers.
IPIP_DEVICE int increase(const Array<int>& a, std::int64_t at) {
  return atomicAdd(a.data + at, 1);
}

// Channels [at, at + 32 n): lane k has channels from n k on.
template <int n, class T>
IPIP_DEVICE Strip<T, n> load(const Array<T>& a, std::int64_t at) {
  const Words<T, n> words = read_words<n>(a, at + n * lane());
  Strip<T, n> out;
  for (int v = 0; v < n; ++v) out.v[v] = words.v[v];
  return out;
}
// Rows of neighbours bypass the L1 cache, which is left to the tables.
template <int n, class T>
IPIP_DEVICE Strip<T, n> load_far(const Array<T>& a, std::int64_t at) {
  const T* from = a.data + at + n * lane();
  Strip<T, n> out;
  if constexpr (n == 1) {
    out.v[0] = __ldcg(from);
  } else if constexpr (sizeof(T) == 4) {
    const float2 two = __ldcg(reinterpret_cast<const float2*>(from));
    out.v[0] = two.x;
    out.v[1] = two.y;
  } else {
    const double2 two = __ldcg(reinterpret_cast<const double2*>(from));
    out.v[0] = two.x;
    out.v[1] = two.y;
  }
  return out;
}
template <class T, int n>
IPIP_DEVICE void store(const Array<T>& a, std::int64_t at, const Strip<T, n>& strip) {
  Words<T, n> words;
  for (int v = 0; v < n; ++v) words.v[v] = strip.v[v];
  write_words<n>(a, at + n * lane(), words);
}

template <class T>
IPIP_DEVICE T sum(Lanes<T> value) {
  for (int step = kLanes / 2; step > 0; step /= 2) {
    value += __shfl_xor_sync(0xffffffffU, value, step);
  }
  return value;
}
// Number of lanes before this one for which it holds, and of all lanes for which it holds.
IPIP_DEVICE Lanes<int> count_before(Lanes<bool> holds) {
  return __popc(__ballot_sync(0xffffffffU, holds) & ((1U << lane()) - 1U));
}
IPIP_DEVICE int count_all(Lanes<bool> holds) {
  return __popc(__ballot_sync(0xffffffffU, holds));
}
template <class T>
IPIP_DEVICE Lanes<T> select(Lanes<bool> when, Lanes<T> yes, Lanes<T> no) {
  return when ? yes : no;
}
template <class To, class From>
IPIP_DEVICE Lanes<To> convert(Lanes<From> value) {
  return static_cast<To>(value);
}
// f of each lane's numbers.
template <class Function, class... T>
IPIP_DEVICE auto each_lane(const Function& f, const T&... values) {
  return f(values...);
}

// A lane's number, and f(lane) with each lane as a separate thread.
template <class T>
IPIP_DEVICE T of_lane(T value, int /*k*/) {
  return value;
}
template <class Function>
IPIP_DEVICE void each_lane_by_itself(const Function& f) {
  f(lane());
}

IPIP_DEVICE float square_root(float x) {
  return sqrtf(x);
}
IPIP_DEVICE double square_root(double x) {
  return sqrt(x);
}
IPIP_DEVICE float exponential(float x) {
  return expf(x);
}
IPIP_DEVICE double exponential(double x) {
  return exp(x);
}

}  // namespace ipip::cuda
