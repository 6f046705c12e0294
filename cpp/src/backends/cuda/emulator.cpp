// SPDX-License-Identifier: MIT
// A machine on the host that executes the kernels' source, thread by thread, and checks each
// access.
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <new>
#include <stdexcept>
#include <typeinfo>
#include <utility>
#include <vector>

#include "device/all_kernels.hpp"
#include "device/emulation.hpp"
#include "machine.hpp"
#include "training/emulated_kernels.hpp"
#include "training/kernel_list.hpp"

namespace ipip::cuda {

IPIP_NODE_KERNELS(IPIP_EXECUTE_ELSEWHERE)
IPIP_PAIR_KERNELS(IPIP_EXECUTE_ELSEWHERE)

namespace {

constexpr std::int64_t kMostShared = 64 * 1024;  // of the smallest GPU that the kernels support

class Emulator final : public MachineOf<Emulator> {
 public:
  std::string name() const override { return "emulated"; }
  std::int64_t most_shared_bytes() const override { return kMostShared; }

  int multiprocessors() const override { return 1; }
  bool tensor_cores() const override { return true; }

  void* allocate(std::size_t bytes) override {
    ++calls_.allocations;
    return allocate_recorded(bytes);
  }
  // Pending work may refer to the memory; a GPU waits here, too.
  void free(void* memory) noexcept override {
    finish_before_free();
    free_recorded(memory);
  }
  void* allocate_host(std::size_t bytes) override {
    ++calls_.allocations;
    void* memory = std::malloc(bytes > 0 ? bytes : 1);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }
  void free_host(void* memory) noexcept override {
    finish_before_free();
    std::free(memory);
  }

  void upload(void* to, std::int64_t at, const void* from, std::int64_t count, std::size_t size,
              Queue queue) override {
    ++calls_.copies;
    ask(queue, [=, this] {
      begin_copy("upload");
      for_copy(to, at, count, size, [](Record& known) { known.writer = now().access; });
      std::memcpy(static_cast<unsigned char*>(to) + static_cast<std::size_t>(at) * size, from,
                  static_cast<std::size_t>(count) * size);
    });
  }
  void download(void* to, const void* from, std::int64_t at, std::int64_t count, std::size_t size,
                Queue queue) override {
    ++calls_.copies;
    ask(queue, [=, this] {
      begin_copy("download");
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
    ask(Queue::compute, [memory] {
      const Heading& head = heading(memory);
      std::fill_n(head.records, (head.bytes + kWord - 1) / kWord, Record());
    });
  }
  void written(void* memory, std::int64_t count, std::size_t size) override {
    begin_copy("exchange");
    for_copy(memory, 0, count, size, [](Record& known) { known.writer = now().access; });
  }

  void follow(Queue later) override {
    const Queue earlier = later == Queue::copy ? Queue::compute : Queue::copy;
    const std::uint64_t asked = line(earlier).asked;
    ask(later, [=, this] { advance(earlier, asked); });
  }
  void wait(Queue queue) override {
    ++calls_.waits;
    finish(queue);
  }
  // The other stream works at once, so everything is done here and now.
  void begin_after(void* /*stream*/) override {}
  void end_before(void* /*stream*/) override { finish(Queue::compute); }
  // The queues run in either order: only `follow` orders them.
  void wait() override {
    ++calls_.waits;
    finish_both();
  }

  void begin_recording() override {
    recorded_.emplace_back();
    recording_ = true;
  }
  int end_recording() override {
    recording_ = false;
    return static_cast<int>(recorded_.size()) - 1;
  }
  void replay(int recording) override {
    ++calls_.replays;
    for (const auto& work : recorded_[static_cast<std::size_t>(recording)]) {
      ask(Queue::compute, work);
    }
  }
  void drop_recordings() noexcept override {
    recorded_.clear();
    recording_ = false;
  }

  void launch_training(std::size_t number, const void* kernel) override {
    TrainingKernels::run(*this, number, kernel);
  }

  template <class Kernel>
  void run(const Kernel& kernel) {
    ++calls_.launches;
    ask(Queue::compute, [kernel, this] { execute(kernel); });
  }

 private:
  // Work is done as late as the waits allow: a result that is read too early is missing.
  struct Line {
    std::deque<std::function<void()>> work;
    std::uint64_t asked = 0, done = 0;
  };
  Line& line(Queue queue) { return queue == Queue::copy ? copy_ : compute_; }

  void ask(Queue queue, std::function<void()> work) {
    if (recording_ && queue == Queue::compute) {
      recorded_.back().push_back(std::move(work));
      return;
    }
    line(queue).work.push_back(std::move(work));
    ++line(queue).asked;
  }
  void advance(Queue queue, std::uint64_t to) {
    Line& waiting = line(queue);
    while (waiting.done < to) {
      const std::function<void()> work = std::move(waiting.work.front());
      waiting.work.pop_front();
      ++waiting.done;
      work();
    }
  }
  // After a failure no requested work is done.
  template <class Work>
  void attempt(const Work& work) {
    if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
    try {
      work();
    } catch (...) {
      for (Line* waiting : {&compute_, &copy_}) {
        waiting->work.clear();
        waiting->done = waiting->asked;
      }
      throw;
    }
  }
  void finish(Queue queue) {
    attempt([&] { advance(queue, line(queue).asked); });
  }
  void finish_both() {
    copies_first_ = !copies_first_;
    finish(copies_first_ ? Queue::copy : Queue::compute);
    finish(copies_first_ ? Queue::compute : Queue::copy);
  }
  void finish_before_free() noexcept {
    try {
      finish_both();
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

  // From 1 on: 0 marks a number that was never written.
  std::uint32_t next_launch() {
    if (++launches_ == 0) ++launches_;
    return launches_;
  }
  void begin_copy(const char* name) {
    now() = Now{name, {}, false};
    now().access.launch = next_launch();
  }

  template <class Kernel>
  void execute(const Kernel& kernel) {
    if (kernel.shared_bytes() > kMostShared) {
      throw std::logic_error("a block takes more shared memory than the device has");
    }
    cuda::execute(kernel, typeid(Kernel).name(), next_launch(), shared_);
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

  std::uint32_t launches_ = 0;
  bool recording_ = false;
  bool copies_first_ = false;
  std::exception_ptr failure_;
  std::vector<std::vector<std::function<void()>>> recorded_;
  Line compute_, copy_;
  SharedMemory shared_;
};

}  // namespace

std::unique_ptr<Machine> make_emulator() {
  return std::make_unique<Emulator>();
}

}  // namespace ipip::cuda
