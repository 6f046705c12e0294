// SPDX-License-Identifier: MIT
#include "dump/rows.hpp"

#include <algorithm>

#include "dump/number.hpp"
#include "ipip/error.hpp"

namespace ipip::dump {
namespace {

// Index of a word in a short list; the last one found comes first, since rows are often alike.
std::int32_t code_of(std::string_view word, std::vector<std::string>& known, std::int32_t last) {
  const auto guess = static_cast<std::size_t>(last);
  if (guess < known.size() && known[guess] == word) return last;
  const auto place = std::find(known.begin(), known.end(), word);
  if (place != known.end()) return static_cast<std::int32_t>(place - known.begin());
  known.emplace_back(word);
  return static_cast<std::int32_t>(known.size() - 1);
}

[[noreturn]] void wrong_row(std::int64_t row, const std::string& what) {
  throw Error("row " + std::to_string(row + 1) + " " + what);
}

}  // namespace

void read_rows(std::string_view rows, std::int64_t count, const std::vector<Kind>& kinds,
               double* numbers, std::int32_t* codes, std::vector<std::vector<std::string>>& words) {
  const auto texts = std::count(kinds.begin(), kinds.end(), Kind::text);
  words.assign(static_cast<std::size_t>(texts), {});
  const char* at = rows.data();
  const char* const end = at + rows.size();
  for (std::int64_t row = 0; row < count; ++row) {
    std::int64_t number = row;
    std::int64_t text = row;
    std::size_t text_column = 0;
    for (const Kind kind : kinds) {
      while (at != end && is_blank(*at)) ++at;
      const char* const begin = at;
      while (at != end && static_cast<unsigned char>(*at) > ' ') ++at;
      const std::string_view word(begin, static_cast<std::size_t>(at - begin));
      if (word.empty()) {
        wrong_row(row, "has fewer than " + std::to_string(kinds.size()) + " columns");
      }
      if (kind == Kind::number) {
        if (!read_number(word, numbers[number])) {
          wrong_row(row, "has '" + std::string(word.substr(0, 40)) + "' where a number belongs");
        }
        number += count;
      } else if (kind == Kind::text) {
        const std::int32_t last = row > 0 ? codes[text - 1] : 0;
        codes[text] = code_of(word, words[text_column++], last);
        text += count;
      }
    }
    while (at != end && is_blank(*at)) ++at;
    if (at == end || *at != '\n') {
      wrong_row(row, "has more than " + std::to_string(kinds.size()) + " columns");
    }
    ++at;
  }
}

std::vector<bool> numeric_words(std::string_view rows) {
  std::vector<bool> found;
  for (const std::string_view word : words(rows.substr(0, rows.find('\n')))) {
    double value = 0.0;
    found.push_back(read_number(word, value));
  }
  return found;
}

}  // namespace ipip::dump
