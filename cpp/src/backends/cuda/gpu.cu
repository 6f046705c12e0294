// SPDX-License-Identifier: MIT
// libipip_cuda.so: a machine that is a GPU. Includes the kernels' source, and of libipip only the
// headers of its interface; needs only the driver.
#include <cuda_runtime.h>

#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda_part.hpp"
#include "device/all_kernels.hpp"
#include "device/training/all_kernels.hpp"
#include "machine.hpp"
#include "training/kernel_list.hpp"

namespace ipip::cuda {
namespace {

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // a reported error is not reported again
  if (status == cudaErrorMemoryAllocation) throw std::bad_alloc();
  throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status));
}

// Whether a multiprocessor multiplies TF32 eight times as fast as float32, so that three products
// in place of one pay off: GPUs for data centres do. Others multiply both equally fast
// (docs/gpu.md).
constexpr bool has_fast_tensor_cores(int major, int minor) {
  return (major == 8 && minor == 0) || major == 9 || major == 10;
}

// A block fewer on GPUs of 12.0, whose multiprocessors hold 48 warps, where Receive would spill.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1200
template <class Kernel>
constexpr int kLeastBlocks = Kernel::kBlocks == 4 && Kernel::kThreads == 256 ? 3 : Kernel::kBlocks;
#else
template <class Kernel>
constexpr int kLeastBlocks = Kernel::kBlocks;
#endif

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads, kLeastBlocks<Kernel>)
    launched(const __grid_constant__ Kernel kernel) {
  run(kernel, Block());
}

class Gpu final : public MachineOf<Gpu> {
 public:
  explicit Gpu(int number) : number_(number) {
    check(cudaSetDevice(number), "cudaSetDevice");
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, number), "cudaGetDeviceProperties");
    name_ = std::string(properties.name) + " (cuda:" + std::to_string(number) + ")";
    multiprocessors_ = properties.multiProcessorCount;
    tensor_cores_ = has_fast_tensor_cores(properties.major, properties.minor);
    most_shared_ = static_cast<std::int64_t>(properties.sharedMemPerBlockOptin);
    for (cudaStream_t* stream : {&compute_, &copy_}) {
      check(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking), "cudaStreamCreate");
    }
    check(cudaEventCreateWithFlags(&reached_, cudaEventDisableTiming), "cudaEventCreate");
  }
  ~Gpu() override {
    cudaSetDevice(number_);
    drop_recordings();
    cudaEventDestroy(reached_);
    for (const cudaStream_t stream : {compute_, copy_}) cudaStreamDestroy(stream);
  }
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  std::string name() const override { return name_; }
  std::int64_t most_shared_bytes() const override { return most_shared_; }

  int multiprocessors() const override { return multiprocessors_; }
  bool tensor_cores() const override { return tensor_cores_; }

  void* allocate(std::size_t bytes) override {
    ++calls_.allocations;
    void* memory = nullptr;
    check(cudaSetDevice(number_), "cudaSetDevice");
    check(cudaMalloc(&memory, bytes), "cudaMalloc");
    return memory;
  }
  void free(void* memory) noexcept override { cudaFree(memory); }
  void* allocate_host(std::size_t bytes) override {
    ++calls_.allocations;
    void* memory = nullptr;
    check(cudaSetDevice(number_), "cudaSetDevice");
    check(cudaMallocHost(&memory, bytes), "cudaMallocHost");
    return memory;
  }
  void free_host(void* memory) noexcept override { cudaFreeHost(memory); }

  void upload(void* to, std::int64_t at, const void* from, std::int64_t count, std::size_t size,
              Queue queue) override {
    ++calls_.copies;
    const std::size_t offset = static_cast<std::size_t>(at) * size;
    check(cudaMemcpyAsync(static_cast<unsigned char*>(to) + offset, from,
                          static_cast<std::size_t>(count) * size, cudaMemcpyDefault, stream(queue)),
          "upload");
  }
  void download(void* to, const void* from, std::int64_t at, std::int64_t count, std::size_t size,
                Queue queue) override {
    ++calls_.copies;
    const std::size_t offset = static_cast<std::size_t>(at) * size;
    check(cudaMemcpyAsync(to, static_cast<const unsigned char*>(from) + offset,
                          static_cast<std::size_t>(count) * size, cudaMemcpyDefault, stream(queue)),
          "download");
  }
  void forget(void*) override {}
  void written(void*, std::int64_t, std::size_t) override {}

  // An event stands for the moment of its last record, so one does for all.
  void follow(Queue later) override {
    check(cudaEventRecord(reached_, stream(later == Queue::copy ? Queue::compute : Queue::copy)),
          "cudaEventRecord");
    check(cudaStreamWaitEvent(stream(later), reached_, 0), "cudaStreamWaitEvent");
  }
  void begin_after(void* stream) override {
    check(cudaSetDevice(number_), "cudaSetDevice");
    check(cudaEventRecord(reached_, static_cast<cudaStream_t>(stream)), "cudaEventRecord");
    check(cudaStreamWaitEvent(compute_, reached_, 0), "cudaStreamWaitEvent");
  }
  void end_before(void* stream) override {
    check(cudaEventRecord(reached_, compute_), "cudaEventRecord");
    check(cudaStreamWaitEvent(static_cast<cudaStream_t>(stream), reached_, 0),
          "cudaStreamWaitEvent");
  }
  void wait(Queue queue) override {
    ++calls_.waits;
    finish(queue);
  }
  void wait() override {
    ++calls_.waits;
    finish(Queue::copy);
    finish(Queue::compute);
  }

  void begin_recording() override {
    check(cudaStreamBeginCapture(compute_, cudaStreamCaptureModeThreadLocal), "begin of recording");
  }
  int end_recording() override {
    cudaGraph_t graph = nullptr;
    check(cudaStreamEndCapture(compute_, &graph), "end of recording");
    // A piece without work between two exchanges, as on a rank of few atoms, stays null.
    std::size_t n_nodes = 0;
    cudaGraphExec_t recorded = nullptr;
    cudaError_t status = cudaGraphGetNodes(graph, nullptr, &n_nodes);
    if (status == cudaSuccess && n_nodes > 0) {
      status = cudaGraphInstantiate(&recorded, graph, 0);
    }
    cudaGraphDestroy(graph);
    check(status, "recording");
    recorded_.push_back(recorded);
    return static_cast<int>(recorded_.size()) - 1;
  }
  void replay(int recording) override {
    ++calls_.replays;
    const cudaGraphExec_t recorded = recorded_[static_cast<std::size_t>(recording)];
    if (recorded != nullptr) check(cudaGraphLaunch(recorded, compute_), "replay");
  }
  void drop_recordings() noexcept override {
    cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
    cudaStreamIsCapturing(compute_, &capturing);
    cudaGraph_t graph = nullptr;
    if (capturing != cudaStreamCaptureStatusNone &&
        cudaStreamEndCapture(compute_, &graph) == cudaSuccess && graph != nullptr) {
      cudaGraphDestroy(graph);
    }
    for (const cudaGraphExec_t recorded : recorded_) {
      if (recorded != nullptr) cudaGraphExecDestroy(recorded);
    }
    recorded_.clear();
    cudaGetLastError();
  }

  void launch_training(std::size_t number, const void* kernel) override {
    TrainingKernels::run(*this, number, kernel);
  }

  template <class Kernel>
  void run(const Kernel& kernel) {
    const std::int64_t blocks = kernel.blocks(), shared = kernel.shared_bytes();
    if (blocks == 0) return;
    ++calls_.launches;
    check(cudaSetDevice(number_), "cudaSetDevice");
    if (shared > kUsualShared) {
      check(cudaFuncSetAttribute(launched<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 static_cast<int>(shared)),
            "shared memory");
    }
    launched<Kernel><<<static_cast<unsigned>(blocks), Kernel::kThreads,
                       static_cast<std::size_t>(shared), compute_>>>(kernel);
    check(cudaGetLastError(), "launch");
  }

 private:
  void finish(Queue queue) { check(cudaStreamSynchronize(stream(queue)), "the kernels"); }
  cudaStream_t stream(Queue queue) const { return queue == Queue::copy ? copy_ : compute_; }

  static constexpr std::int64_t kUsualShared = 48 * 1024;  // more must be requested
  int number_;
  std::string name_;
  std::int64_t most_shared_ = 0;
  int multiprocessors_ = 1;
  bool tensor_cores_ = false;
  cudaStream_t compute_ = nullptr, copy_ = nullptr;
  cudaEvent_t reached_ = nullptr;
  std::vector<cudaGraphExec_t> recorded_;
};

class Part final : public CudaPart {
 public:
  int visible_gpus() const override {
    int n = 0;
    const cudaError_t status = cudaGetDeviceCount(&n);
    cudaGetLastError();
    return status == cudaSuccess ? n : 0;
  }
  std::unique_ptr<Machine> open(int gpu) const override { return std::make_unique<Gpu>(gpu); }
};

}  // namespace
}  // namespace ipip::cuda

extern "C" __attribute__((visibility("default"))) const ipip::cuda::CudaPart* IPIP_CUDA_PART() {
  static const ipip::cuda::Part part;
  return &part;
}
