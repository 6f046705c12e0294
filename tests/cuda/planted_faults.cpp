// SPDX-License-Identifier: MIT
// Kernels with one fault each, which an emulated run has to find, and sound ones, of which it has
// nothing to say. Prints a line for each: its name, then what was found, or "sound".
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

#include "backends/cuda/device/block.hpp"
#include "backends/cuda/device/emulation.hpp"

using namespace ipip::cuda;

namespace {

struct Trial {
  static constexpr int kThreads = 64;
  std::int64_t n_blocks = 1;
  Array<float> a;  // [64], written
  Array<float> b;  // [64], not written
  void (*work)(const Trial&, const Block&) = nullptr;
  std::int64_t blocks() const { return n_blocks; }
  std::int64_t shared_bytes() const { return kThreads * std::int64_t(sizeof(float)); }
};

void run(const Trial& k, const Block& block) {
  k.work(k, block);
}

template <class F>
void each(const Block& block, const F& f) {
  block.each_thread(f);
}

void reads_beyond(const Trial& k, const Block& block) {
  each(block, [&](int t) { write(k.b, t, read(k.a, t + 1)); });
}
void writes_beyond(const Trial& k, const Block& block) {
  each(block, [&](int t) { write(k.b, t + 1, 1.0F); });
}
void a_warp_loads_beyond(const Trial& k, const Block& block) {
  block.each_warp([&](int warp) { store(k.b, 32 * warp, load<1>(k.a, 33 * warp)); });
}
void reads_what_nobody_wrote(const Trial& k, const Block& block) {
  each(block, [&](int t) { write(k.a, t, read(k.b, t)); });
}
void reads_shared_memory_of_the_block_before(const Trial& k, const Block& block) {
  const Array<float> shared = block.shared<float>();
  each(block, [&](int t) {
    if (block.index() == 0) write(shared, t, 1.0F);
    if (block.index() == 1) write(k.b, t, read(shared, t));
  });
}
void two_threads_write_one_number(const Trial& k, const Block& block) {
  each(block, [&](int t) { write(k.b, t / 2, float(t)); });
}
void two_lanes_write_one_number(const Trial& k, const Block& block) {
  block.each_warp([&](int warp) {
    const Lanes<std::int64_t> at =
        convert<std::int64_t>(each_lane([=](int n) { return 32 * warp + n / 2; }, lane()));
    scatter(k.b, at, Lanes<float>(1.0F), Lanes<bool>(true));
  });
}
void two_blocks_write_one_number(const Trial& k, const Block& block) {
  each(block, [&](int t) { write(k.b, t, 1.0F); });
}
void reads_before_the_barrier(const Trial& k, const Block& block) {
  const Array<float> shared = block.shared<float>();
  each(block, [&](int t) {
    write(shared, t, float(t));
    write(k.b, t, t > 0 ? read(shared, t - 1) : 0.0F);
  });
}
void writes_what_another_reads(const Trial& k, const Block& block) {
  each(block, [&](int t) {
    const float next = read(k.a, (t + 1) % 64);
    write(k.a, t, next);
  });
}
void lanes_without_an_order(const Trial& k, const Block& block) {
  const Array<float> shared = block.shared<float>();
  block.each_warp([&](int warp) {
    const Lanes<std::int64_t> at = convert<std::int64_t>(lane() + 32 * warp);
    scatter(shared, at, convert<float>(lane()), Lanes<bool>(true));
    write_once(k.b, warp, read(shared, 32 * warp + 5));
  });
}
void crosses_a_word(const Trial& k, const Block& block) {
  each(block, [&](int t) { write(k.b, t, read_words<4>(k.a, t % 60).v[0]); });
}
void reads_beside_what_is_lowered(const Trial& k, const Block& block) {
  const Array<unsigned long long> numbers{reinterpret_cast<unsigned long long*>(k.a.data), 32};
  block.each_warp([&](int) {
    lower(numbers, Lanes<std::int64_t>(0), convert<double>(lane()), Lanes<bool>(true));
    read(numbers, 1);
    read(numbers, 0);
  });
}

void sound_phases(const Trial& k, const Block& block) {
  const Array<float> shared = block.shared<float>();
  each(block, [&](int t) { write(shared, t, read(k.a, t)); });
  each(block, [&](int t) { write(k.b, t, read(shared, 63 - t)); });
  each(block, [&](int t) { write(shared, t, read(shared, t) + read(k.b, t)); });
}
void sound_lanes(const Trial& k, const Block& block) {
  const Array<float> shared = block.shared<float>();
  block.each_warp([&](int warp) {
    const Lanes<std::int64_t> at = convert<std::int64_t>(lane() + 32 * warp);
    scatter(shared, at, convert<float>(lane()), Lanes<bool>(true));
    sync_warp();
    write_once(k.b, warp, read(shared, 32 * warp + 5));
    sync_warp();
    scatter(shared, at, Lanes<float>(0.0F), Lanes<bool>(true));
  });
}
void sound_blocks(const Trial& k, const Block& block) {
  each(block, [&](int t) {
    if (t < 32) write(k.b, 32 * block.index() + t, read(k.a, t));
  });
}
void sound_lowering(const Trial& k, const Block& block) {
  const Array<unsigned long long> numbers{reinterpret_cast<unsigned long long*>(k.a.data), 32};
  block.each_warp([&](int) {
    lower(numbers, Lanes<std::int64_t>(0), convert<double>(lane()), Lanes<bool>(true));
  });
}

struct Case {
  const char* name;
  std::int64_t blocks;
  void (*work)(const Trial&, const Block&);
};

constexpr Case kCases[] = {
    {"reads beyond", 1, reads_beyond},
    {"writes beyond", 1, writes_beyond},
    {"a warp loads beyond", 1, a_warp_loads_beyond},
    {"reads what nobody wrote", 1, reads_what_nobody_wrote},
    {"reads shared memory of the block before", 2, reads_shared_memory_of_the_block_before},
    {"two threads write one number", 1, two_threads_write_one_number},
    {"two lanes write one number", 1, two_lanes_write_one_number},
    {"two blocks write one number", 2, two_blocks_write_one_number},
    {"reads before the barrier", 1, reads_before_the_barrier},
    {"writes what another reads", 1, writes_what_another_reads},
    {"lanes without an order", 1, lanes_without_an_order},
    {"crosses a word", 1, crosses_a_word},
    {"reads beside what is lowered", 1, reads_beside_what_is_lowered},
    {"sound phases", 1, sound_phases},
    {"sound lanes", 1, sound_lanes},
    {"sound blocks", 2, sound_blocks},
    {"sound lowering", 2, sound_lowering},
};

std::string found(const Case& planted, std::uint32_t launch) {
  constexpr std::int64_t kNumbers = 64;
  Array<float> arrays[2];
  for (Array<float>& array : arrays) {
    array = {static_cast<float*>(allocate_recorded(kNumbers * sizeof(float))), kNumbers};
  }
  for (std::int64_t k = 0; k < kNumbers; ++k) {
    heading(arrays[0].data).records[k].writer.launch = 1;
    arrays[0].data[k] = 1e9F;
  }
  std::string what = "sound";
  try {
    SharedMemory shared;
    execute(Trial{planted.blocks, arrays[0], arrays[1], planted.work}, planted.name, launch,
            shared);
  } catch (const std::exception& error) {
    what = error.what();
  }
  for (Array<float>& array : arrays) free_recorded(array.data);
  return what;
}

}  // namespace

int main() {
  for (const Case& planted : kCases) {
    for (const std::uint32_t launch : {2U, 3U}) {  // forwards, and backwards
      std::printf("%s: %s\n", planted.name, found(planted, launch).c_str());
    }
  }
}
