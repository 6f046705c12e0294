// SPDX-License-Identifier: MIT
// A machine of the host that executes the kernels' source, thread by thread, and checks each access.
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <stdexcept>
#include <typeinfo>
#include <utility>
#include <vector>

#include "device/all_kernels.hpp"
#include "machine.hpp"

namespace ipip::cuda {
namespace {

constexpr std::int64_t kMostShared = 64 * 1024;  // of the smallest GPU that the kernels are made for

class Emulator final : public MachineOf<Emulator> {
 public:
  std::string name() const override { return "emulated"; }
  std::int64_t most_shared_bytes() const override { return kMostShared; }

  void* allocate(std::size_t bytes) override {
    ++allocations_;
    const std::size_t words = (bytes + kWord - 1) / kWord;
    const std::size_t lines = (bytes + sizeof(Heading) - 1) / sizeof(Heading) + 1;
    void* memory = std::aligned_alloc(alignof(Heading), lines * sizeof(Heading));
    if (memory == nullptr) throw std::bad_alloc();
    auto* records = new (std::nothrow) Record[words]();
    if (records == nullptr) {
      std::free(memory);
      throw std::bad_alloc();
    }
    auto* head = new (memory) Heading{records, bytes};
    return reinterpret_cast<unsigned char*>(head) + sizeof(Heading);
  }
  void free(void* memory) noexcept override {
    Heading& head = heading(memory);
    delete[] head.records;
    std::free(&head);
  }
  void* allocate_host(std::size_t bytes) override {
    ++allocations_;
    void* memory = std::malloc(bytes > 0 ? bytes : 1);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }
  void free_host(void* memory) noexcept override { std::free(memory); }
  std::uint64_t allocations() const override { return allocations_; }

  void upload(void* to, std::int64_t at, const void* from, std::int64_t count,
              std::size_t size) override {
    queue([=, this] {
      begin_launch("upload");
      for_copy(to, at, count, size, [](Record& known) { known.writer = now().access; });
      std::memcpy(static_cast<unsigned char*>(to) + static_cast<std::size_t>(at) * size, from,
                  static_cast<std::size_t>(count) * size);
    });
  }
  void download(void* to, const void* from, std::int64_t at, std::int64_t count,
                std::size_t size) override {
    queue([=, this] {
      begin_launch("download");
      std::int64_t place = at;
      for_copy(from, at, count, size, [&](Record& known) {
        if (known.writer.launch == 0) refuse("reads what was never written:", place, at + count);
        ++place;
      });
      std::memcpy(to, static_cast<const unsigned char*>(from) + static_cast<std::size_t>(at) * size,
                  static_cast<std::size_t>(count) * size);
    });
  }
  void forget(void* memory) override {
    queue([memory] {
      const Heading& head = heading(memory);
      std::fill_n(head.records, (head.bytes + kWord - 1) / kWord, Record());
    });
  }
  void wait() override {}

  void begin_recording() override {
    recorded_.clear();
    recording_ = true;
  }
  void end_recording() override { recording_ = false; }
  void replay() override {
    for (const auto& work : recorded_) work();
  }
  void drop_recording() noexcept override {
    recorded_.clear();
    recording_ = false;
  }

  template <class Kernel>
  void run(const Kernel& kernel) {
    queue([kernel, this] { execute(kernel); });
  }

 private:
  void queue(std::function<void()> work) {
    if (recording_) {
      recorded_.push_back(std::move(work));
    } else {
      work();
    }
  }

  void begin_launch(const char* kernel) {
    if (++launches_ == 0) ++launches_;
    now() = Now{kernel, {}};
    now().access.launch = launches_;
  }

  template <class Kernel>
  void execute(const Kernel& kernel) {
    if (kernel.shared_bytes() > kMostShared) {
      throw std::logic_error("a block takes more shared memory than the device has");
    }
    begin_launch(typeid(Kernel).name());
    for (std::int64_t index = 0; index < kernel.blocks(); ++index) {
      now().access.block = static_cast<std::uint32_t>(index);
      now().access.phase = 0;
      shared_.begin(static_cast<std::size_t>(kernel.shared_bytes()));
      cuda::run(kernel, Block(index, Kernel::kThreads, shared_));
    }
  }

  // Calls f for the record of each number.
  template <class F>
  static void for_copy(const void* data, std::int64_t at, std::int64_t count, std::size_t size,
                       const F& f) {
    const Heading& head = heading(data);
    if (at < 0 || count < 0 || static_cast<std::size_t>(at + count) * size > head.bytes) {
      refuse("copies beyond", at + count, static_cast<std::int64_t>(head.bytes / size));
    }
    for (std::int64_t k = at; k < at + count; ++k) {
      f(head.records[static_cast<std::size_t>(k) * size / kWord]);
    }
  }

  std::uint64_t allocations_ = 0;
  std::uint32_t launches_ = 0;
  bool recording_ = false;
  std::vector<std::function<void()>> recorded_;
  SharedMemory shared_;
};

}  // namespace

std::unique_ptr<Machine> make_emulator() {
  return std::make_unique<Emulator>();
}

}  // namespace ipip::cuda
