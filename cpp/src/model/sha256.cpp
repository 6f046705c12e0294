// SPDX-License-Identifier: MIT
// a to h, W, K, Sigma, sigma, Ch, Maj: as in FIPS 180-4, sections 4.1.2 and 6.2.2.
#include "sha256.hpp"

#include <algorithm>
#include <bit>

namespace ipip {
namespace {

constexpr std::array<std::uint32_t, 64> K = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

}  // namespace

void Sha256::block(const unsigned char* bytes) {
  using std::rotr;
  std::array<std::uint32_t, 64> W;
  for (int t = 0; t < 16; ++t) {
    W[t] = std::uint32_t{bytes[4 * t]} << 24U | std::uint32_t{bytes[4 * t + 1]} << 16U |
           std::uint32_t{bytes[4 * t + 2]} << 8U | std::uint32_t{bytes[4 * t + 3]};
  }
  for (int t = 16; t < 64; ++t) {
    const std::uint32_t x = W[t - 15], y = W[t - 2];
    const std::uint32_t sigma0 = rotr(x, 7) ^ rotr(x, 18) ^ x >> 3U;
    const std::uint32_t sigma1 = rotr(y, 17) ^ rotr(y, 19) ^ y >> 10U;
    W[t] = sigma1 + W[t - 7] + sigma0 + W[t - 16];
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (int t = 0; t < 64; ++t) {
    const std::uint32_t Sigma1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
    const std::uint32_t Ch = (e & f) ^ (~e & g);
    const std::uint32_t T1 = h + Sigma1 + Ch + K[t] + W[t];
    const std::uint32_t Sigma0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
    const std::uint32_t Maj = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = d + T1;
    d = c;
    c = b;
    b = a;
    a = T1 + Sigma0 + Maj;
  }
  const std::array<std::uint32_t, 8> sums = {a, b, c, d, e, f, g, h};
  for (std::size_t k = 0; k < sums.size(); ++k) state_[k] += sums[k];
}

void Sha256::update(std::string_view bytes) {
  n_bytes_ += bytes.size();
  while (!bytes.empty()) {
    if (n_waiting_ == 0 && bytes.size() >= waiting_.size()) {
      block(reinterpret_cast<const unsigned char*>(bytes.data()));
      bytes.remove_prefix(waiting_.size());
      continue;
    }
    const std::size_t n = std::min(bytes.size(), waiting_.size() - n_waiting_);
    std::copy_n(bytes.begin(), n, waiting_.begin() + static_cast<std::ptrdiff_t>(n_waiting_));
    n_waiting_ += n;
    bytes.remove_prefix(n);
    if (n_waiting_ == waiting_.size()) {
      block(waiting_.data());
      n_waiting_ = 0;
    }
  }
}

std::string Sha256::digest() {
  // A one bit, zeros up to 8 bytes before the end of a block, and the number of bits.
  const std::uint64_t n_bits = 8 * n_bytes_;
  update(std::string_view("\x80", 1));
  while (n_waiting_ != 56) update(std::string_view("\0", 1));
  std::string length;
  for (int k = 7; k >= 0; --k) length += static_cast<char>(n_bits >> (8 * k) & 0xFFU);
  update(length);
  std::string text = "sha256:";
  for (const std::uint32_t word : state_) {
    for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[word >> shift & 0xFU];
  }
  return text;
}

}  // namespace ipip
