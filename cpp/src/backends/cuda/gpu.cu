// SPDX-License-Identifier: MIT
// libipip_cuda.so: a machine that is a GPU. Includes the kernels' source, and nothing of libipip
// but the headers of its interface; needs the driver alone.
#include <cuda_runtime.h>

#include <new>
#include <stdexcept>
#include <string>

#include "cuda_part.hpp"
#include "device/all_kernels.hpp"
#include "machine.hpp"

namespace ipip::cuda {
namespace {

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // what is told is not told again
  if (status == cudaErrorMemoryAllocation) throw std::bad_alloc();
  throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status));
}

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads, Kernel::kBlocks)
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
    most_shared_ = static_cast<std::int64_t>(properties.sharedMemPerBlockOptin);
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  ~Gpu() override {
    cudaSetDevice(number_);
    if (recorded_ != nullptr) cudaGraphExecDestroy(recorded_);
    cudaStreamDestroy(stream_);
  }
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  std::string name() const override { return name_; }
  std::int64_t most_shared_bytes() const override { return most_shared_; }

  int multiprocessors() const override { return multiprocessors_; }

  void* allocate(std::size_t bytes) override {
    ++allocations_;
    void* memory = nullptr;
    check(cudaSetDevice(number_), "cudaSetDevice");
    check(cudaMalloc(&memory, bytes), "cudaMalloc");
    return memory;
  }
  void free(void* memory) noexcept override { cudaFree(memory); }
  void* allocate_host(std::size_t bytes) override {
    ++allocations_;
    void* memory = nullptr;
    check(cudaSetDevice(number_), "cudaSetDevice");
    check(cudaMallocHost(&memory, bytes), "cudaMallocHost");
    return memory;
  }
  void free_host(void* memory) noexcept override { cudaFreeHost(memory); }
  std::uint64_t allocations() const override { return allocations_; }

  void upload(void* to, std::int64_t at, const void* from, std::int64_t count,
              std::size_t size) override {
    const std::size_t offset = static_cast<std::size_t>(at) * size;
    check(cudaMemcpyAsync(static_cast<unsigned char*>(to) + offset, from,
                          static_cast<std::size_t>(count) * size, cudaMemcpyHostToDevice, stream_),
          "upload");
  }
  void download(void* to, const void* from, std::int64_t at, std::int64_t count,
                std::size_t size) override {
    const std::size_t offset = static_cast<std::size_t>(at) * size;
    check(cudaMemcpyAsync(to, static_cast<const unsigned char*>(from) + offset,
                          static_cast<std::size_t>(count) * size, cudaMemcpyDeviceToHost, stream_),
          "download");
  }
  void forget(void*) override {}
  void wait() override { check(cudaStreamSynchronize(stream_), "the kernels"); }

  void begin_recording() override {
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "begin of recording");
  }
  void end_recording() override {
    cudaGraph_t graph = nullptr;
    check(cudaStreamEndCapture(stream_, &graph), "end of recording");
    if (recorded_ != nullptr) cudaGraphExecDestroy(recorded_);
    recorded_ = nullptr;
    const cudaError_t status = cudaGraphInstantiate(&recorded_, graph, 0);
    cudaGraphDestroy(graph);
    check(status, "recording");
  }
  void replay() override { check(cudaGraphLaunch(recorded_, stream_), "replay"); }
  void drop_recording() noexcept override {
    cudaGraph_t graph = nullptr;
    if (cudaStreamEndCapture(stream_, &graph) == cudaSuccess && graph != nullptr) {
      cudaGraphDestroy(graph);
    }
    cudaGetLastError();
  }

  template <class Kernel>
  void run(const Kernel& kernel) {
    const std::int64_t blocks = kernel.blocks(), shared = kernel.shared_bytes();
    if (blocks == 0) return;
    check(cudaSetDevice(number_), "cudaSetDevice");
    if (shared > kUsualShared) {
      check(cudaFuncSetAttribute(launched<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 static_cast<int>(shared)),
            "shared memory");
    }
    launched<Kernel><<<static_cast<unsigned>(blocks), Kernel::kThreads,
                       static_cast<std::size_t>(shared), stream_>>>(kernel);
    check(cudaGetLastError(), "launch");
  }

 private:
  static constexpr std::int64_t kUsualShared = 48 * 1024;  // more has to be asked for
  int number_;
  std::string name_;
  std::int64_t most_shared_ = 0;
  int multiprocessors_ = 1;
  cudaStream_t stream_ = nullptr;
  cudaGraphExec_t recorded_ = nullptr;
  std::uint64_t allocations_ = 0;
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
