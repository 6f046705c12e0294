// SPDX-License-Identifier: MIT
// Reading numbers and words of text dumps.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <vector>

namespace ipip::dump {

inline bool is_blank(char sign) {
  return sign == ' ' || sign == '\t' || sign == '\r';
}

/// Words of a line, split at blanks.
inline std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  std::size_t at = 0;
  while (true) {
    while (at < line.size() && is_blank(line[at])) ++at;
    if (at == line.size()) return found;
    const std::size_t begin = at;
    while (at < line.size() && !is_blank(line[at])) ++at;
    found.push_back(line.substr(begin, at - begin));
  }
}

inline bool read_integer(std::string_view word, std::int64_t& value) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size();
}

/// Reads a whole word as the double that is nearest to it (nan and inf too).
inline bool read_number_slowly(std::string_view word, double& value) {
  if (word.starts_with('+')) word.remove_prefix(1);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error == std::errc::result_out_of_range) {  // 1e-400 and 1e400: neither is an error here
    const bool negative = word.starts_with('-');
    const bool tiny = word.find("e-") != word.npos || word.find("E-") != word.npos;
    value = tiny ? 0.0 : __builtin_inf();
    if (negative) value = -value;
    return true;
  }
  return error == std::errc() && end == word.data() + word.size();
}

/// The same, fast for up to 15 digits: both the digits and the power of ten are then exact doubles,
/// so that one rounding gives the nearest double (Clinger, PLDI 1990).
inline bool read_number(std::string_view word, double& value) {
  static constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const char* at = word.data();
  const char* const end = at + word.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  std::uint64_t digits = 0;
  const char* const first = at;
  while (at != end && static_cast<unsigned char>(*at - '0') < 10) {
    digits = 10 * digits + static_cast<std::uint64_t>(*at++ - '0');
  }
  std::int64_t count = at - first;
  int power = 0;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    while (at != end && static_cast<unsigned char>(*at - '0') < 10) {
      digits = 10 * digits + static_cast<std::uint64_t>(*at++ - '0');
    }
    count += at - fraction;
    power = -static_cast<int>(at - fraction);
  }
  if (count == 0 || count > 15) return read_number_slowly(word, value);
  if (at != end) {
    int exponent = 0;
    if (*at != 'e' && *at != 'E') return read_number_slowly(word, value);
    if (++at != end && *at == '+') ++at;
    const auto [last, error] = std::from_chars(at, end, exponent);
    if (error != std::errc() || last != end) return read_number_slowly(word, value);
    power += exponent;
  }
  if (power < -22 || power > 22) return read_number_slowly(word, value);
  const auto whole = static_cast<double>(digits);
  value = power < 0 ? whole / kPowers[-power] : whole * kPowers[power];
  if (negative) value = -value;
  return true;
}

}  // namespace ipip::dump
