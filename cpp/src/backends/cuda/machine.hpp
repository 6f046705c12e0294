// SPDX-License-Identifier: MIT
// The seam between the algorithm (painn.cpp) and the machine that runs it: a GPU, or its emulation
// on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "array.hpp"
#include "kernels.hpp"

namespace ipip::cuda {

/// How one kernel is launched.
template <class Kernel>
class Launcher {
 public:
  virtual ~Launcher() = default;
  virtual void launch(const Kernel& kernel) = 0;
};

template <class... Kernels>
class Launchers : public Launcher<Kernels>... {
 public:
  using Launcher<Kernels>::launch...;
};

/// Applies `Template` to all kernels: a kernel is one file in device/ and one line here.
template <template <class...> class Template, class... Front>
using WithKernels =
    Template<Front..., FillNumbers, FindCells, CountKeys, SumSlices, ScanSlices, PlaceKeys,
             OrderKeys, CountNear, CountRows, FillNear, PackRows<float>, PackRows<double>,
             UnpackRows<float>, UnpackRows<double>, SumRows, FindPairs<float>, FindPairs<double>,
             Receive<float, 1, false>, Receive<float, 1, true>, Receive<float, 2, false>,
             Receive<float, 2, true>, Receive<double, 1, false>, Receive<double, 1, true>,
             Receive<double, 2, false>, Receive<double, 2, true>, SendBack<float, 1>,
             SendBack<float, 2>, SendBack<double, 1>, SendBack<double, 2>, FirstBack<float, 1>,
             FirstBack<float, 2>, FirstBack<double, 1>, FirstBack<double, 2>, GatherForces<float>,
             GatherForces<double>, Update<float>, Update<double>, LastUpdate<float>,
             LastUpdate<double>, UpdateBack<float>, UpdateBack<double>, ExpectErrors<float>,
             ExpectErrors<double>>;

/// Work for a device is put in one of two queues: launches in the first, copies in either.
enum class Queue { compute, copy };

/// Numbers of calls to a machine so far.
struct Calls {
  std::int64_t allocations = 0;  ///< of memory there, or on the host for its copies
  std::int64_t launches = 0;     ///< of kernels, one by one or while they were recorded
  std::int64_t copies = 0;       ///< likewise
  std::int64_t replays = 0;      ///< of what was recorded
  std::int64_t waits = 0;        ///< of the host for the device
};

/// One device with two queues of work, each done in order. Only `wait` waits, and one queue waits
/// for the other only where `follow` says so. Failures are exceptions of the standard library with
/// one line; `std::bad_alloc` when memory runs out.
class Machine : public WithKernels<Launchers> {
 public:
  /// In a few words: "NVIDIA H200 (cuda:0)", "emulated".
  virtual std::string name() const = 0;

  /// Largest shared memory of a block, bytes.
  virtual std::int64_t most_shared_bytes() const = 0;

  /// Number of multiprocessors.
  virtual int multiprocessors() const = 0;

  /// Whether float32 products in three parts of TF32 are faster than plain ones.
  virtual bool tensor_cores() const = 0;

  virtual void* allocate(std::size_t bytes) = 0;
  virtual void free(void* memory) noexcept = 0;

  /// Numbers of calls so far. A recording made before another allocation may refer to memory that
  /// no longer exists.
  const Calls& calls() const { return calls_; }

  /// Memory of the host that the device reads and writes directly.
  virtual void* allocate_host(std::size_t bytes) = 0;
  virtual void free_host(void* memory) noexcept = 0;

  /// Launches the training kernel of that number (training/kernel_list.hpp).
  virtual void launch_training(std::size_t number, const void* kernel) = 0;

  /// Copies `count` numbers of `size` bytes each, beginning with number `at` on the device. The
  /// other memory is of `allocate_host` and stays unchanged until `wait`, or belongs to another
  /// library on this device, see `begin_after`.
  virtual void upload(void* to, std::int64_t at, const void* from, std::int64_t count,
                      std::size_t size, Queue queue = Queue::compute) = 0;
  virtual void download(void* to, const void* from, std::int64_t at, std::int64_t count,
                        std::size_t size, Queue queue = Queue::compute) = 0;

  /// Declares the contents invalid: an emulated run refuses to read them.
  virtual void forget(void* memory) = 0;

  /// Declares that something else than this device, such as MPI, wrote `count` numbers.
  virtual void written(void* memory, std::int64_t count, std::size_t size) = 0;

  /// Work put in `later` from now on is done after all work that is in the other queue.
  virtual void follow(Queue later) = 0;

  /// Orders `compute` and a foreign stream on this device: work put in `compute` from now on is
  /// done after all work in the stream, or the other way round.
  virtual void begin_after(void* stream) = 0;
  virtual void end_before(void* stream) = 0;

  /// Waits until all of a queue is done, or of both. @throws what failed on the device
  virtual void wait(Queue queue) = 0;
  virtual void wait() = 0;

  /// Records what is put in `compute`, up to `end_recording`, instead of doing it; `replay` does
  /// it, any number of times. One recording at a time.
  virtual void begin_recording() = 0;
  /// @return the recording's number
  virtual int end_recording() = 0;
  virtual void replay(int recording) = 0;
  /// Forgets all recordings, including one that failed half-way.
  virtual void drop_recordings() noexcept = 0;

 protected:
  Calls calls_;
};

/// Implements the launches of a machine by `Self::run(kernel)`.
template <class Self, class Base, class... Kernels>
class Runs;
template <class Self, class Base>
class Runs<Self, Base> : public Base {
 public:
  using Base::launch;
};
template <class Self, class Base, class Kernel, class... Rest>
class Runs<Self, Base, Kernel, Rest...> : public Runs<Self, Base, Rest...> {
 public:
  using Runs<Self, Base, Rest...>::launch;
  void launch(const Kernel& kernel) override { static_cast<Self*>(this)->run(kernel); }
};
template <class Self>
using MachineOf = WithKernels<Runs, Self, Machine>;

/// The host, which executes the kernels' source and checks each access for bounds, numbers that
/// were never written, and accesses without a defined order.
std::unique_ptr<Machine> make_emulator();

}  // namespace ipip::cuda
