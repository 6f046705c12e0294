// SPDX-License-Identifier: MIT
#include "dump/open_end.hpp"

#include <algorithm>
#include <vector>

#include "dump/number.hpp"

namespace ipip::dump {
namespace {

constexpr int kDecimals = 3;  // that numbers rarely share by chance
constexpr int kDigits = 6;    // of LAMMPS' default format, %g

// Digits of a plain number; none of another form, such as one with an exponent.
struct Digits {
  bool pointed = false;
  int decimals = 0;
  int significant = 0;
};

Digits digits_of(std::string_view word) {
  Digits found;
  if (word.starts_with('-') || word.starts_with('+')) word.remove_prefix(1);
  for (const char sign : word) {
    if (sign == '.' && !found.pointed) {
      found.pointed = true;
    } else if (static_cast<unsigned char>(sign - '0') < 10) {
      found.decimals += found.pointed ? 1 : 0;
      found.significant += found.significant > 0 || sign != '0' ? 1 : 0;
    } else {
      return {};
    }
  }
  return found;
}

bool is_full(std::string_view word, const std::vector<std::string_view>& others) {
  const Digits own = digits_of(word);
  if (!own.pointed || others.empty()) return false;
  const auto all = [&](auto holds) {
    return std::all_of(others.begin(), others.end(),
                       [&](std::string_view other) { return holds(digits_of(other)); });
  };
  const bool fixed = own.decimals >= kDecimals && all([&](const Digits& other) {
                       return other.pointed && other.decimals == own.decimals;
                     });
  const bool longest = own.significant >= kDigits && all([&](const Digits& other) {
                         return other.significant <= own.significant;
                       });
  return fixed || longest;
}

}  // namespace

OpenEnd open_end(std::string_view text, const FrameSpan& span) {
  if (span.count < 1 || text.empty() || text.back() == '\n') return OpenEnd::cut;
  const std::size_t width = words(span.columns).size();
  std::vector<std::string_view> last;  // words of the last column
  std::string_view rows = text.substr(span.rows);
  while (true) {
    const std::size_t end = rows.find('\n');
    const std::vector<std::string_view> row = words(rows.substr(0, end));
    if (row.size() != width) return OpenEnd::cut;
    last.push_back(row.back());
    if (end == rows.npos) break;
    rows.remove_prefix(end + 1);
  }
  if (static_cast<std::int64_t>(last.size()) != span.count) return OpenEnd::cut;
  if (is_blank(text.back())) return OpenEnd::whole;
  const std::string_view word = last.back();
  last.pop_back();
  const auto is_number = [](std::string_view other) {
    double value = 0.0;
    return read_number(other, value);
  };
  if (!is_number(word) && (last.empty() || is_number(last.front()))) return OpenEnd::cut;
  return is_full(word, last) ? OpenEnd::whole : OpenEnd::unsure;
}

}  // namespace ipip::dump
