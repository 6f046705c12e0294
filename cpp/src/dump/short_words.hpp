// SPDX-License-Identifier: MIT
// Short words, such as the symbols of elements, compared as integers.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace ipip::dump {

/// Words of up to 8 bytes, in the order in which they were first seen.
class ShortWords {
 public:
  /// Index of a word in the list, to which new words are added. Up to 8 bytes before its end must
  /// be readable.
  std::int32_t code(const char* end, std::uint32_t length) {
    std::uint64_t key = 0;
    std::memcpy(&key, end - 8, 8);
    key >>= 64 - 8 * length;
    Place& place = places_[(key * 0x9e3779b97f4a7c15U) >> 60U];
    if (place.key != key) place = {key, search(key, {end - length, length})};
    return place.code;
  }

  const std::vector<std::string>& words() const { return words_; }

 private:
  // The last word seen among the ones that share a place.
  struct Place {
    std::uint64_t key = 0;
    std::int32_t code = -1;
  };

  std::int32_t search(std::uint64_t key, std::string_view word) {
    const auto found = std::find(keys_.begin(), keys_.end(), key);
    if (found != keys_.end()) return static_cast<std::int32_t>(found - keys_.begin());
    keys_.push_back(key);
    words_.emplace_back(word);
    return static_cast<std::int32_t>(keys_.size() - 1);
  }

  std::array<Place, 16> places_{};
  std::vector<std::uint64_t> keys_;
  std::vector<std::string> words_;
};

}  // namespace ipip::dump
