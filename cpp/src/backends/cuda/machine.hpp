// SPDX-License-Identifier: MIT
// The seam between the algorithm (painn.cpp) and what runs it: a GPU, or its emulation on the host.
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

/// Applies `Template` to all kernels there are: a kernel is one file in device/ and one line here.
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

/// What a device is asked for stands in one of two queues: launches in the first, copies in either.
enum class Queue { compute, copy };

/// Numbers of calls to a machine so far.
struct Calls {
  std::int64_t allocations = 0;  ///< of memory there, or on the host for its copies
  std::int64_t launches = 0;     ///< of kernels, one by one or while they were recorded
  std::int64_t copies = 0;       ///< likewise
  std::int64_t replays = 0;      ///< of what was recorded
  std::int64_t waits = 0;        ///< of the host for the device
};

/// One device with two queues of work, each done in the order in which it is asked for. Nothing
/// waits but `wait`, and one queue for the other only where `follow` says so. Failures are
/// exceptions of the standard library with one line; `std::bad_alloc` where memory ends.
class Machine : public WithKernels<Launchers> {
 public:
  /// In a few words: "NVIDIA H200 (cuda:0)", "emulated".
  virtual std::string name() const = 0;

  /// Largest shared memory of a block, bytes.
  virtual std::int64_t most_shared_bytes() const = 0;

  /// Multiprocessors, each of which takes blocks by itself.
  virtual int multiprocessors() const = 0;

  /// Whether float32 products in three parts of TF32 are faster than plain ones.
  virtual bool tensor_cores() const = 0;

  virtual void* allocate(std::size_t bytes) = 0;
  virtual void free(void* memory) noexcept = 0;

  /// Numbers of calls so far. What was recorded before another allocation may name memory that is
  /// no more.
  const Calls& calls() const { return calls_; }

  /// Memory of the host that the device reads and writes by itself.
  virtual void* allocate_host(std::size_t bytes) = 0;
  virtual void free_host(void* memory) noexcept = 0;

  /// Launches training's kernel of that number (training/kernel_list.hpp).
  virtual void launch_training(std::size_t number, const void* kernel) = 0;

  /// Copies `count` numbers of `size` bytes each, beginning with number `at` on the device. The
  /// other memory is of `allocate_host` and stays as it is until `wait`, or is somebody else's on
  /// this device, see `begin_after`.
  virtual void upload(void* to, std::int64_t at, const void* from, std::int64_t count,
                      std::size_t size, Queue queue = Queue::compute) = 0;
  virtual void download(void* to, const void* from, std::int64_t at, std::int64_t count,
                        std::size_t size, Queue queue = Queue::compute) = 0;

  /// Says that what is there is of no use any more: an emulated run complains if it is read.
  virtual void forget(void* memory) = 0;

  /// Says that another than this device wrote `count` numbers, as MPI does.
  virtual void written(void* memory, std::int64_t count, std::size_t size) = 0;

  /// What `later` is asked for from now on is done after all that the other queue was asked for.
  virtual void follow(Queue later) = 0;

  /// Orders `compute` and another's stream on this device: what `compute` is asked for from now on
  /// is done after all that the stream was asked for, or the other way round.
  virtual void begin_after(void* stream) = 0;
  virtual void end_before(void* stream) = 0;

  /// Waits until all of a queue is done, or of both. @throws what failed on the device
  virtual void wait(Queue queue) = 0;
  virtual void wait() = 0;

  /// Keeps what `compute` is asked for, up to `end_recording`, instead of doing it; `replay` asks
  /// for it, again and again. One recording at a time.
  virtual void begin_recording() = 0;
  /// @return the recording's number
  virtual int end_recording() = 0;
  virtual void replay(int recording) = 0;
  /// Forgets all recordings, one that failed half-way too.
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

/// The host, which executes the kernels' source and checks each access: bounds, numbers that were
/// never written, and accesses that nothing puts in an order.
std::unique_ptr<Machine> make_emulator();

}  // namespace ipip::cuda
