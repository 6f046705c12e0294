// SPDX-License-Identifier: MIT
// Rows of plain numbers with AVX-512: the ends of all words of 64 bytes at once, and numbers four
// at a time. A word is loaded by its end, so that its digits are aligned on the right already; what
// is left is to drop the point and to sum digits in pairs, fours and eights, as in fast_number.hpp.
//
// Letters: j lane (one of four words, 16 bytes), k byte of a lane.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dump/fast_number.hpp"

#ifdef IPIP_FAST_NUMBERS
#include <immintrin.h>
#endif

namespace ipip::dump {

#ifdef IPIP_FAST_NUMBERS

#define IPIP_WIDE \
  [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512bitalg,bmi,bmi2,popcnt")]]

/// Entries that the arrays of word places must hold beyond the words.
inline constexpr std::int64_t kWideSlack = 64;
/// Bytes that must be readable before the rows.
inline constexpr std::size_t kWideReach = 16;

inline bool runs_wide() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bitalg") &&
         __builtin_cpu_supports("bmi2");
}

/// How the search for words ended.
enum class Indexed : std::uint8_t {
  done,      ///< all rows were found, each with its words
  ran_out,   ///< the text ends before the rows do
  irregular  ///< a row has another number of words, or something that may begin another frame
};

/// Writes 16 places of bytes after `bases`.
IPIP_WIDE [[gnu::always_inline]] inline void write_part(std::uint32_t* to, __m128i bytes,
                                                        __m512i bases) {
  _mm512_storeu_si512(to, _mm512_add_epi32(_mm512_cvtepu8_epi32(bytes), bases));
}

/// Writes the places of `bits` (of a block at `base`), `count` of them, one after another. Blocks
/// mostly have 10 to 20: a branch between these would often be predicted wrongly.
IPIP_WIDE [[gnu::always_inline]] inline void write_places(std::uint64_t bits, int count,
                                                          std::uint32_t base, __m512i iota,
                                                          std::uint32_t* to) {
  const __m512i places = _mm512_maskz_compress_epi8(bits, iota);
  const __m512i bases = _mm512_set1_epi32(static_cast<int>(base));
  write_part(to, _mm512_castsi512_si128(places), bases);
  write_part(to + 16, _mm512_extracti32x4_epi32(places, 1), bases);
  if (count > 32) write_part(to + 32, _mm512_extracti32x4_epi32(places, 2), bases);
  if (count > 48) write_part(to + 48, _mm512_extracti32x4_epi32(places, 3), bases);
}

/// Whether a line feed follows the last word of every row before the next row begins.
inline bool rows_end(const char* text, std::int64_t count, std::int64_t width,
                     const std::uint32_t* marks, std::size_t end) {
  for (std::int64_t row = 1; row <= count; ++row) {
    const std::uint32_t* const next = marks + 2 * row * width;
    const char* at = text + next[-1];
    const char* const last = text + (row < count ? next[0] : end);
    while (at != last && *at != '\n') ++at;
    if (at == last) return false;
  }
  return true;
}

/// Finds the words of `count` rows of `width` words, each ended by a line feed.
///
/// @param marks [2 * count * width + kWideSlack] receives where each word begins and ends, in turn
/// @param end receives where the rows end
IPIP_WIDE inline Indexed index_rows(const char* text, std::size_t size, std::int64_t count,
                                    std::int64_t width, std::uint32_t* marks, std::size_t& end) {
  const __m512i blanks = _mm512_set1_epi8(' ');
  const __m512i iota = _mm512_set_epi8(
      63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
      40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
      17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const std::int64_t total = count * width;
  std::int64_t begun = 0;
  std::int64_t marked = 0;
  std::int64_t left = count;  // rows whose line feed was not seen
  std::uint64_t in_word = 0;  // whether the byte before the block belongs to a word
  end = 0;
  for (std::size_t at = 0; left > 0; at += 64) {
    if (at >= size) return Indexed::ran_out;
    const std::uint64_t there = size - at >= 64 ? ~0ULL : (1ULL << (size - at)) - 1;
    __builtin_prefetch(text + at + 2048);
    const __m512i block = _mm512_maskz_loadu_epi8(there, text + at);
    const std::uint64_t blank = _mm512_cmple_epu8_mask(block, blanks);
    const std::uint64_t after = (~blank << 1U) | in_word;
    std::uint64_t begins = ~blank & ~after;
    std::uint64_t closes = blank & after & there;
    std::uint64_t item = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('I'));
    const std::uint64_t feeds = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\n'));
    in_word = ~blank >> 63U;
    const std::int64_t ended = __builtin_popcountll(feeds);
    if (ended >= left) {  // the rows end with one of these
      const std::uint64_t last = _pdep_u64(1ULL << static_cast<unsigned>(left - 1), feeds);
      begins &= last - 1;
      closes &= 2 * last - 1;
      item &= last - 1;
      end = at + static_cast<std::size_t>(__builtin_ctzll(last)) + 1;
    }
    left -= ended;
    for (; item != 0; item &= item - 1) {  // "ITEM" begins another frame; I, In and Ir do not
      const std::size_t next = at + static_cast<std::size_t>(__builtin_ctzll(item)) + 1;
      if (next < size && text[next] == 'T') return Indexed::irregular;
    }
    const int more = __builtin_popcountll(begins);
    if (begun + more > total) return Indexed::irregular;
    // Words begin and end in turn, so one sequence of places holds both.
    const int places = __builtin_popcountll(begins | closes);
    write_places(begins | closes, places, static_cast<std::uint32_t>(at), iota, marks + marked);
    begun += more;
    marked += places;
  }
  // As many line feeds as rows, and one after each row: there are no others.
  const bool whole = begun == total && marked == 2 * total;
  return whole && rows_end(text, count, width, marks, end) ? Indexed::done : Indexed::irregular;
}

/// Reads an integer of up to 8 digits that ends at `end`; false if it has another form.
inline bool short_integer(const char* end, std::uint32_t length, std::int64_t& value) {
  if (length == 0 || length > 8) return false;
  std::uint64_t text = 0;
  __builtin_memcpy(&text, end - 8, 8);
  const std::uint64_t own = ~0ULL << (64 - 8 * length);
  const std::uint64_t digits = (text ^ 0x3030303030303030U) & own;
  if (((digits + 0x7676767676767676U) & 0x8080808080808080U) != 0 ||
      (digits & 0xf0f0f0f0f0f0f0f0U) != 0) {
    return false;
  }
  const std::uint64_t pairs = (digits * (10 * 256 + 1)) >> 8U;
  const std::uint64_t fours = ((pairs & 0x00ff00ff00ff00ffU) * (100 * 65536 + 1)) >> 16U;
  value = static_cast<std::int64_t>(((fours & 0x0000ffff0000ffffU) * (10000 * 4294967296ULL + 1)) >>
                                    32U);
  return true;
}

/// What converts four numbers, kept in registers: the compiler would rebuild it for each four.
struct NumberTables {
  __m512i nine, minus, zero, point, one, iota, needed, spread, gather, tens, hundreds, myriads;
  __m512d powers_high, powers_low;

  IPIP_WIDE NumberTables() {
    const __m128i bytes = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    nine = _mm512_set1_epi8(9);
    minus = _mm512_set1_epi8('-');
    zero = _mm512_set1_epi8('0');
    point = _mm512_set1_epi8('.');
    one = _mm512_set1_epi8(1);
    iota = _mm512_broadcast_i32x4(bytes);
    needed = _mm512_broadcast_i32x4(_mm_sub_epi8(_mm_set1_epi8(16), bytes));
    spread = _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3);
    gather = _mm512_setr_epi64(0, 2, 4, 6, 0, 2, 4, 6);
    tens = _mm512_set1_epi16(10 + 256);
    hundreds = _mm512_set1_epi32(100 + 65536);
    myriads = _mm512_set1_epi32(10000 + 65536);
    powers_high = _mm512_setr_pd(1e15, 1e14, 1e13, 1e12, 1e11, 1e10, 1e9, 1e8);
    powers_low = _mm512_setr_pd(1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1e0);
    asm("" : "+v"(nine), "+v"(minus), "+v"(zero), "+v"(point), "+v"(one), "+v"(iota), "+v"(needed));
    asm("" : "+v"(spread), "+v"(gather), "+v"(tens), "+v"(hundreds), "+v"(myriads));
    asm("" : "+v"(powers_high), "+v"(powers_low));
  }
};

/// Reads three words whose places (from `text`) are `marks[0...5]`, and one at `fourth[0...1]`.
///
/// @param values receives the numbers
/// @return bits of the words that are of another form than a plain number of up to 15 digits
IPIP_WIDE [[gnu::always_inline]] inline unsigned four_numbers(const char* text,
                                                              const std::uint32_t* marks,
                                                              const std::uint32_t* fourth,
                                                              const NumberTables& tables,
                                                              __m256d& values) {
  constexpr std::uint64_t kFirst = 0x0001000100010001U;  // byte 0 of every lane
  constexpr std::uint64_t kLast = 0x8000800080008000U;   // byte 15
  const char* const before = text - kWideReach;
  __m512i words =
      _mm512_castsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(before + marks[1])));
  words = _mm512_inserti32x4(
      words, _mm_loadu_si128(reinterpret_cast<const __m128i*>(before + marks[3])), 1);
  words = _mm512_inserti32x4(
      words, _mm_loadu_si128(reinterpret_cast<const __m128i*>(before + marks[5])), 2);
  words = _mm512_inserti32x4(
      words, _mm_loadu_si128(reinterpret_cast<const __m128i*>(before + fourth[1])), 3);
  const __m256i places =
      _mm256_mask_broadcastq_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(marks)), 8,
                                   _mm_loadl_epi64(reinterpret_cast<const __m128i*>(fourth)));
  const __m256i lengths = _mm256_sub_epi64(
      _mm256_srli_epi64(places, 32), _mm256_and_si256(places, _mm256_set1_epi64x(0xffffffff)));
  // The length of a lane's word in each of its bytes: byte k is the word's if that is >= 16 - k.
  const __m512i length =
      _mm512_shuffle_epi8(_mm512_permutexvar_epi64(tables.spread, _mm512_castsi256_si512(lengths)),
                          _mm512_setzero_si512());
  const std::uint64_t own = _mm512_cmpge_epu8_mask(length, tables.needed);
  const std::uint64_t minus = _mm512_mask_cmpeq_epi8_mask(
      _mm512_cmpeq_epi8_mask(length, tables.needed), words, tables.minus);
  const __m512i digits = _mm512_sub_epi8(words, tables.zero);
  const std::uint64_t is_digit = _mm512_mask_cmple_epu8_mask(own, digits, tables.nine);
  const std::uint64_t point = _mm512_mask_cmpeq_epi8_mask(own, words, tables.point);
  // Bytes up to the first point of each lane; none where it has no point.
  const std::uint64_t guarded = point | kLast;
  std::uint64_t moved = guarded ^ (guarded - kFirst);
  const std::uint64_t without = moved & ~point & kLast;
  moved ^= (without << 1U) - (without >> 15U);
  std::uint64_t wrong = own & ~(is_digit | point | minus);
  wrong |= point & ~moved;              // a second point
  wrong |= kLast & ~is_digit;           // "5.", "-"
  wrong |= is_digit & kFirst & ~moved;  // 16 digits
  const __m512i control = _mm512_mask_sub_epi8(tables.iota, moved, tables.iota, tables.one);
  const __m512i joined = _mm512_shuffle_epi8(_mm512_maskz_mov_epi8(is_digit, digits), control);
  const __m512i pairs = _mm512_maddubs_epi16(joined, tables.tens);
  const __m512i fours = _mm512_madd_epi16(pairs, tables.hundreds);
  const __m512i packed = _mm512_packus_epi32(fours, fours);
  const __m512i eights = _mm512_madd_epi16(packed, tables.myriads);
  const __m256i both = _mm512_castsi512_si256(_mm512_permutexvar_epi64(tables.gather, eights));
  const __m256i whole = _mm256_add_epi64(_mm256_mul_epu32(both, _mm256_set1_epi64x(100000000)),
                                         _mm256_srli_epi64(both, 32));
  // A lane in which c bytes moved has 16 - c digits behind its point; no point counts as c = 16.
  const __m256i moves =
      _mm256_cvtepu16_epi64(_mm_popcnt_epi16(_mm_cvtsi64_si128(static_cast<long long>(moved))));
  const __m512d tens = _mm512_permutex2var_pd(
      tables.powers_high, _mm512_castsi256_si512(_mm256_sub_epi64(moves, _mm256_set1_epi64x(1))),
      tables.powers_low);
  const __m256d size = _mm256_div_pd(_mm256_cvtepi64_pd(whole), _mm512_castpd512_pd256(tens));
  const __m128i minuses = _mm_cvtsi64_si128(static_cast<long long>(minus));
  values =
      _mm256_mask_xor_pd(size, _mm_test_epi16_mask(minuses, minuses), size, _mm256_set1_pd(-0.0));
  const __m128i wrongs = _mm_cvtsi64_si128(static_cast<long long>(wrong));
  const unsigned too_long = _mm256_cmpgt_epi64_mask(lengths, _mm256_set1_epi64x(16));
  return _mm_test_epi16_mask(wrongs, wrongs) | too_long;
}

#endif

}  // namespace ipip::dump
