// Prints the processor's rate of fused multiply-adds in single precision, flop/s: the best of
// several tries on one core, on registers alone.
#include <chrono>
#include <cstdio>

#if defined(__AVX512F__)
constexpr int kBytes = 64, kChains = 24;
#elif defined(__AVX__)
constexpr int kBytes = 32, kChains = 12;
#else
constexpr int kBytes = 16, kChains = 12;
#endif
typedef float Vector __attribute__((vector_size(kBytes)));

int main() {
  Vector sums[kChains], factor, term;
  for (int k = 0; k < kBytes / 4; ++k) factor[k] = 0.999f, term[k] = 0.001f;
  for (Vector& sum : sums) sum = term;
  double best = 0.0;
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto start = std::chrono::steady_clock::now();
    constexpr int kRepeats = 1000000;
    for (int n = 0; n < kRepeats; ++n) {
#pragma GCC unroll 24
      for (Vector& sum : sums) sum = sum * factor + term;
    }
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    const double rate = 2.0 * kChains * (kBytes / 4) * kRepeats / passed.count();
    if (rate > best) best = rate;
  }
  float use = 0.0f;
  for (const Vector& sum : sums) use += sum[0];
  std::printf("%.6e %g\n", best, static_cast<double>(use));
}
