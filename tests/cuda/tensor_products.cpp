// SPDX-License-Identifier: MIT
// Products of a block's rows in float32, by threads and on imitated tensor cores, beside float64.
// Prints for each shape the largest error of both in units of 2^-24 of the sum of the products'
// sizes, and that of TF32 without small parts.
#include "backends/cuda/device/tensor_products.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "backends/cuda/device/block.hpp"
#include "backends/cuda/device/emulation.hpp"

using namespace ipip::cuda;

namespace {

struct Trial {
  static constexpr int kThreads = 128;
  static constexpr bool kMayUseTensorCores = true;
  bool tensor_cores = false;
  int rows = 0, k = 0, n = 0;
  Array<float> left, right, out;  // [rows, k], [k, n], [rows, n]
  std::int64_t blocks() const { return 1; }
  int pitch() const { return k + 4; }
  std::int64_t shared_bytes() const { return std::int64_t(rows) * pitch() * 4; }
};

void run(const Trial& trial, const Block& block) {
  const Tile<float> tile{block.shared<float>(), trial.rows, trial.pitch(), 0};
  block.each_thread([&](int thread) {
    for (int at = thread; at < trial.rows * trial.k; at += Trial::kThreads) {
      write(tile.numbers, at / trial.k * trial.pitch() + at % trial.k, read(trial.left, at));
    }
  });
  each_factory(trial, block, [&](const auto& makers) {
    const Product<float> by[1] = {{tile, {trial.right, trial.k, trial.n, 0}}};
    multiply(makers, by, [&](int row, int column, const Words<float, 4>& four) {
      write_words<4>(trial.out, std::int64_t(row) * trial.n + column, four);
    });
  });
}

struct Numbers {
  explicit Numbers(std::size_t n)
      : memory(allocate_recorded(n * sizeof(float))),
        array{static_cast<float*>(memory), static_cast<std::int64_t>(n)} {}
  ~Numbers() { free_recorded(memory); }
  Numbers(const Numbers&) = delete;
  Numbers& operator=(const Numbers&) = delete;
  void* memory;
  Array<float> array;
};

// Sizes differ by orders of magnitude, as those of states and gradients do.
void fill(const Array<float>& a, std::mt19937& random) {
  std::normal_distribution<float> normal;
  now().access.launch = 1;
  for (std::int64_t at = 0; at < a.size; ++at) {
    write(a, at, normal(random) * std::exp(2.0F * normal(random)));
  }
}

float without_small_parts(float x) {
  return to_tf32(LanesOf<float>(x)).of[0];
}

}  // namespace

int main() {
  const int shapes[][3] = {{8, 32, 32}, {16, 64, 64}, {32, 64, 192}, {32, 192, 64}, {24, 96, 32}};
  SharedMemory shared;
  std::mt19937 random(20);
  for (const auto& [rows, k, n] : shapes) {
    Numbers left(std::size_t(rows) * k), right(std::size_t(k) * n), out(std::size_t(rows) * n);
    fill(left.array, random);
    fill(right.array, random);
    double worst[3] = {};
    std::uint32_t launch = 2;
    for (const bool tensor_cores : {false, true, true}) {  // forwards and backwards
      execute(Trial{tensor_cores, rows, k, n, left.array, right.array, out.array}, "products",
              launch++, shared);
      for (int row = 0; row < rows; ++row) {
        for (int column = 0; column < n; ++column) {
          double exact = 0, coarse = 0, size = 0;
          for (int m = 0; m < k; ++m) {
            const float x = left.array.data[row * k + m], y = right.array.data[m * n + column];
            exact += double(x) * y;
            coarse += double(without_small_parts(x)) * without_small_parts(y);
            size += std::abs(double(x) * y);
          }
          const double unit = size / 16777216.0;
          double& mine = worst[tensor_cores ? 1 : 0];
          mine = std::max(mine, std::abs(out.array.data[row * n + column] - exact) / unit);
          worst[2] = std::max(worst[2], std::abs(coarse - exact) / unit);
        }
      }
    }
    std::printf("%d %d %d: %.3f %.3f %.3f\n", rows, k, n, worst[0], worst[1], worst[2]);
  }
}
