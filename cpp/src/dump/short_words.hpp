// SPDX-License-Identifier: MIT
// Short words, such as the symbols of elements, compared as integers.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace ipip::dump {

/// Words of up to 8 bytes, in the order in which they were first seen.
class ShortWords {
 public:
  /// Index of a word, to which it is added.
  std::int32_t code(const char* begin, std::uint32_t length) {
    std::uint64_t key = 0;
    if (length == 1) {
      key = static_cast<unsigned char>(*begin);
    } else if (length == 2) {
      std::uint16_t both = 0;
      std::memcpy(&both, begin, 2);
      key = both;
    } else {
      std::memcpy(&key, begin, length);
    }
    std::int32_t found = -1;
    for (std::size_t k = 0; k < keys_.size(); ++k) {
      if (keys_[k] == key) found = static_cast<std::int32_t>(k);
    }
    if (found >= 0) return found;
    keys_.push_back(key);
    words_.emplace_back(begin, length);
    return static_cast<std::int32_t>(keys_.size() - 1);
  }

  const std::vector<std::string>& words() const { return words_; }

 private:
  std::vector<std::uint64_t> keys_;
  std::vector<std::string> words_;
};

}  // namespace ipip::dump
