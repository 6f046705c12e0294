// SPDX-License-Identifier: MIT
// Where every word of the rows begins, found 64 bytes at a time. Numbers can then be converted one
// after another without waiting for the end of the one before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "dump/fast_number.hpp"

namespace ipip::dump {

#ifdef IPIP_FAST_NUMBERS

/// Bits of the bytes of a block that are blanks or control characters, and of line feeds.
struct BlockBits {
  std::uint64_t blank;
  std::uint64_t feed;
};

[[gnu::target("sse4.1,popcnt"), gnu::always_inline]] inline BlockBits bits_of(const char* block) {
  BlockBits bits{0, 0};
  for (unsigned part = 0; part < 4; ++part) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block) + part);
    const __m128i blank = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(' ')), text);
    const __m128i feed = _mm_cmpeq_epi8(text, _mm_set1_epi8('\n'));
    bits.blank |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(blank)))
                  << (16 * part);
    bits.feed |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(feed)))
                 << (16 * part);
  }
  return bits;
}

/// Finds the `count` x `width` words of rows that are ended by line feeds.
///
/// @param starts [count * width] receives where each word begins
/// @return false where a row has another number of words, or the text another number of rows
[[gnu::target("sse4.1,popcnt")]] inline bool index_words(std::string_view text, std::int64_t count,
                                                         std::int64_t width,
                                                         std::uint32_t* starts) {
  const std::int64_t total = count * width;
  std::int64_t found = 0;
  std::int64_t rows = 0;
  std::uint64_t in_word = 0;  // whether the byte before the block belongs to a word
  for (std::size_t at = 0; at < text.size(); at += 64) {
    char rest[64];
    const char* block = text.data() + at;
    if (text.size() - at < 64) {
      std::memset(rest, ' ', sizeof rest);
      std::memcpy(rest, block, text.size() - at);
      block = rest;
    }
    const BlockBits bits = bits_of(block);
    const std::uint64_t word = ~bits.blank;
    std::uint64_t begins = word & ~((word << 1U) | in_word);
    in_word = word >> 63U;
    for (std::uint64_t feeds = bits.feed; feeds != 0; feeds &= feeds - 1) {
      const std::uint64_t before = (feeds & -feeds) - 1;
      if (found + __builtin_popcountll(begins & before) != ++rows * width) return false;
    }
    if (found + __builtin_popcountll(begins) > total) return false;
    for (; begins != 0; begins &= begins - 1) {
      starts[found++] =
          static_cast<std::uint32_t>(at) + static_cast<std::uint32_t>(__builtin_ctzll(begins));
    }
  }
  return rows == count && found == total;
}

/// The first 8 bytes of a word of at most 8, the others 0; 0 where it is longer. At least 16 bytes
/// must be readable.
[[gnu::target("sse4.1"), gnu::always_inline]] inline std::uint64_t word_key(const char* at) {
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i blank = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(' ')), text);
  const int length = __builtin_ctz(static_cast<unsigned>(_mm_movemask_epi8(blank)) | 0x10000U);
  const auto bytes = static_cast<std::uint64_t>(_mm_cvtsi128_si64(text));
  if (length >= 8) return length == 8 ? bytes : 0;
  return bytes & ((std::uint64_t{1} << (8 * length)) - 1);
}

#endif

}  // namespace ipip::dump
