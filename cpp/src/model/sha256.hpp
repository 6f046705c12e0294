// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4), for the digests of model files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ipip {

class Sha256 {
 public:
  void update(std::string_view bytes);

  /// "sha256:" and 64 hexadecimal digits of all bytes so far. Ends the digest.
  std::string digest();

 private:
  void block(const unsigned char* bytes);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> waiting_{};  // bytes of a block that is not whole
  std::size_t n_waiting_ = 0;
  std::uint64_t n_bytes_ = 0;
};

}  // namespace ipip
