// SPDX-License-Identifier: MIT
// Rows word by word: for unusual rows, and to name the fault of a row.
#include <algorithm>
#include <cstring>

#include "dump/number.hpp"
#include "dump/rows.hpp"
#include "ipip/error.hpp"

namespace ipip::dump {
namespace {

// Index of a word in a short list, to which new words are added.
std::int32_t code_of(std::string_view word, std::vector<std::string>& known) {
  const auto place = std::find(known.begin(), known.end(), word);
  if (place == known.end()) {
    known.emplace_back(word);
    return static_cast<std::int32_t>(known.size() - 1);
  }
  return static_cast<std::int32_t>(place - known.begin());
}

[[noreturn]] void wrong_row(std::int64_t row, const std::string& what) {
  throw Error("row " + std::to_string(row + 1) + " " + what);
}

// Reads words of one row after another.
class Words {
 public:
  explicit Words(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  std::string_view word() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
    const char* const begin = at_;
    while (at_ != end_ && static_cast<unsigned char>(*at_) > ' ') ++at_;
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }

  bool end_row() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
    if (at_ == end_ || *at_ != '\n') return false;
    ++at_;
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

void read_row(Words& words, std::int64_t row, Rows& rows) {
  const std::string width = std::to_string(rows.columns.size());
  for (const Column& column : rows.columns) {
    const std::string_view word = words.word();
    if (word.empty()) wrong_row(row, "has fewer than " + width + " columns");
    double value = 0.0;
    if (column.kind == Kind::text) {
      column.codes[row] = code_of(word, rows.words);
    } else if (column.kind != Kind::skip && !read_number(word, value)) {
      wrong_row(row, "has '" + std::string(word.substr(0, 40)) + "' where a number is expected");
    } else if (column.kind == Kind::number) {
      column.numbers[row * column.stride] = value;
    } else if (column.kind == Kind::integer) {
      if (!(value > -9e15 && value < 9e15)) {
        wrong_row(row,
                  "has '" + std::string(word.substr(0, 40)) + "' where an integer is expected");
      }
      column.integers[row] = static_cast<std::int64_t>(value);
    }
  }
  if (!words.end_row()) wrong_row(row, "has more than " + width + " columns");
}

template <class T>
void move_rows(T* values, std::int64_t stride, const Rows& rows, const std::uint32_t* places,
               std::vector<T>& moved) {
  moved.resize(static_cast<std::size_t>(rows.count));
  for (std::int64_t row = 0; row < rows.count; ++row) moved[places[row]] = values[row * stride];
  for (std::int64_t row = 0; row < rows.count; ++row) {
    values[row * stride] = moved[static_cast<std::size_t>(row)];
  }
}

}  // namespace

void read_rows(std::string_view text, Rows& rows, Scratch& scratch) {
  rows.words.clear();
  Words words(text);
  for (std::int64_t row = 0; row < rows.count; ++row) read_row(words, row, rows);
  if (rows.id < 0) return;
  const std::int64_t* const ids = rows.columns[static_cast<std::size_t>(rows.id)].integers;
  if (!places_of(ids, rows.count, scratch)) return;
  const std::uint32_t* const places = scratch.places(rows.count);
  std::vector<double> numbers;
  std::vector<std::int64_t> integers;
  std::vector<std::int32_t> codes;
  for (const Column& column : rows.columns) {
    if (column.kind == Kind::number) {
      move_rows(column.numbers, column.stride, rows, places, numbers);
    } else if (column.kind == Kind::integer) {
      move_rows(column.integers, 1, rows, places, integers);
    } else if (column.kind == Kind::text) {
      move_rows(column.codes, 1, rows, places, codes);
    }
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
