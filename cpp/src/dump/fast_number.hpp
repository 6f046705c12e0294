// SPDX-License-Identifier: MIT
// Plain decimal numbers of up to 15 digits ("-12.0345678", "8096"), without a branch on their
// length or sign: those differ from number to number, and a wrongly predicted branch costs more
// than the whole conversion. Digits of both sides of the point are moved together by byte shuffles
// and summed in pairs, fours and eights. Their value is then an exact double, as is the power of
// ten, so that one division gives the nearest double (Clinger, PLDI 1990).
#pragma once

#include <bit>
#include <cstdint>

#if defined(__x86_64__) && defined(__GNUC__)
#define IPIP_FAST_NUMBERS
#include <smmintrin.h>
#endif

namespace ipip::dump {

#ifdef IPIP_FAST_NUMBERS

/// Bytes after the start of a word that must be readable.
inline constexpr int kFastReach = 18;

/// Shuffles that drop the byte at a place and move the ones before it one place on.
struct DropByte {
  alignas(16) std::uint8_t control[17][16];
  constexpr DropByte() : control() {
    for (int place = 0; place < 17; ++place) {
      for (int k = 0; k < 16; ++k) {
        const int from = k <= place ? k - 1 : k;
        control[place][k] = from < 0 ? 0x80 : static_cast<std::uint8_t>(from);
      }
    }
  }
};
inline constexpr DropByte kDropByte;

/// Read from place 16 - n on: a shuffle that moves bytes n places on and fills with zero.
struct MoveOn {
  std::uint8_t control[32];
  constexpr MoveOn() : control() {
    for (int k = 0; k < 32; ++k) control[k] = k < 16 ? 0x80 : static_cast<std::uint8_t>(k - 16);
  }
};
inline constexpr MoveOn kMoveOn;

inline constexpr double kTens[17] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                     1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};

/// Reads the number at `at`; returns its end, or nullptr if it has another form.
[[gnu::target("sse4.1"), gnu::always_inline]] inline const char* fast_number(const char* at,
                                                                             double& value) {
  const unsigned negative = *at == '-';
  at += negative;
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i digits = _mm_sub_epi8(text, _mm_set1_epi8('0'));
  const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
  const unsigned others = ~static_cast<unsigned>(_mm_movemask_epi8(is_digit)) | 0x10000U;
  const int first = __builtin_ctz(others);
  const int second = __builtin_ctz((others & (others - 1)) | 0x10000U);
  const bool point = at[first] == '.';
  const int end = point ? second : first;
  const int count = end - static_cast<int>(point);  // of digits
  if (end >= 16 || count == 0 || count > 15 || static_cast<unsigned char>(at[end]) > ' ') {
    return nullptr;
  }
  const __m128i joined = _mm_shuffle_epi8(
      digits, _mm_load_si128(reinterpret_cast<const __m128i*>(kDropByte.control[first])));
  const __m128i aligned = _mm_shuffle_epi8(
      joined,
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(kMoveOn.control + 16 - (15 - count))));
  const __m128i pairs = _mm_maddubs_epi16(
      aligned, _mm_setr_epi8(10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1));
  const __m128i fours = _mm_madd_epi16(pairs, _mm_setr_epi16(100, 1, 100, 1, 100, 1, 100, 1));
  const __m128i packed = _mm_packus_epi32(fours, fours);
  const __m128i eights =
      _mm_madd_epi16(packed, _mm_setr_epi16(10000, 1, 10000, 1, 10000, 1, 10000, 1));
  const auto both = static_cast<std::uint64_t>(_mm_cvtsi128_si64(eights));
  const std::uint64_t whole = (both & 0xffffffffU) * 100000000U + (both >> 32U);
  const double size =
      static_cast<double>(static_cast<std::int64_t>(whole)) / kTens[point ? end - first - 1 : 0];
  const auto sign = static_cast<std::uint64_t>(negative) << 63U;
  value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(size) | sign);
  return at + end;
}

#endif

}  // namespace ipip::dump
