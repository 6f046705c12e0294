// SPDX-License-Identifier: MIT
#include "dump/rows.hpp"

#include <algorithm>

#include "dump/fast_number.hpp"
#include "dump/number.hpp"
#include "ipip/error.hpp"

namespace ipip::dump {
namespace {

// Index of a word in a short list, to which it is added.
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

  const char* at() const { return at_; }

  void skip_blanks() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
  }

  std::string_view word() {
    const char* const begin = at_;
    while (at_ != end_ && static_cast<unsigned char>(*at_) > ' ') ++at_;
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }

  // The number at the current place, or false and the current place where there is none.
  bool number(double& value) {
    const char* const begin = at_;
    if (read_number(word(), value)) return true;
    at_ = begin;
    return false;
  }

#ifdef IPIP_FAST_NUMBERS
  [[gnu::target("sse4.1")]] bool number_fast(double& value) {
    if (end_ - at_ >= kFastReach) {
      const char* const end = fast_number(at_, value);
      if (end != nullptr) {
        at_ = end;
        return true;
      }
    }
    return number(value);
  }
#endif

  bool end_row() {
    skip_blanks();
    if (at_ == end_ || *at_ != '\n') return false;
    ++at_;
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

// One row into `values` and `codes`; `Number` is how a number is read.
template <typename Number>
[[gnu::always_inline]] inline void read_row(Words& words, std::int64_t row, Rows& rows,
                                            double* values, std::int32_t* codes, Number number) {
  std::size_t text_column = 0;
  for (const Kind kind : rows.kinds) {
    words.skip_blanks();
    bool there = true;
    if (kind == Kind::number) {
      there = number(words, *values++);
      if (!there) {
        const std::string wrong(words.word().substr(0, 40));
        if (!wrong.empty()) wrong_row(row, "has '" + wrong + "' where a number belongs");
      }
    } else {
      const std::string_view word = words.word();
      there = !word.empty();
      if (there && kind == Kind::text) *codes++ = code_of(word, rows.words[text_column++]);
    }
    if (!there) wrong_row(row, "has fewer than " + std::to_string(rows.kinds.size()) + " columns");
  }
  if (!words.end_row()) {
    wrong_row(row, "has more than " + std::to_string(rows.kinds.size()) + " columns");
  }
}

// Rows by id as long as the ids allow it; returns whether they did.
template <typename Number>
[[gnu::always_inline]] inline bool read_all(std::string_view text, Rows& rows, bool by_id,
                                            Number number) {
  const auto n_numbers = std::count(rows.kinds.begin(), rows.kinds.end(), Kind::number);
  const auto n_texts = std::count(rows.kinds.begin(), rows.kinds.end(), Kind::text);
  std::vector<double> values(static_cast<std::size_t>(n_numbers));
  std::vector<std::int32_t> codes(static_cast<std::size_t>(n_texts));
  std::vector<bool> filled(by_id ? static_cast<std::size_t>(rows.count) : 0);
  Words words(text);
  for (std::int64_t row = 0; row < rows.count; ++row) {
    read_row(words, row, rows, values.data(), codes.data(), number);
    std::int64_t place = row;
    if (by_id) {
      const double id = values[static_cast<std::size_t>(rows.id)];
      if (!(id >= 1.0 && id <= static_cast<double>(rows.count))) return false;
      place = static_cast<std::int64_t>(id) - 1;
      if (filled[static_cast<std::size_t>(place)]) return false;
      filled[static_cast<std::size_t>(place)] = true;
    }
    for (std::int64_t k = 0; k < n_numbers; ++k) {
      rows.numbers[k * rows.count + place] = values[static_cast<std::size_t>(k)];
    }
    for (std::int64_t k = 0; k < n_texts; ++k) {
      rows.codes[k * rows.count + place] = codes[static_cast<std::size_t>(k)];
    }
  }
  return by_id;
}

bool read_all_plain(std::string_view text, Rows& rows, bool by_id) {
  return read_all(text, rows, by_id,
                  [](Words& words, double& value) { return words.number(value); });
}

#ifdef IPIP_FAST_NUMBERS
[[gnu::target("sse4.1")]] bool read_all_fast(std::string_view text, Rows& rows, bool by_id) {
  return read_all(text, rows, by_id, [](Words& words, double& value) [[gnu::target("sse4.1")]] {
    return words.number_fast(value);
  });
}
#endif

bool read_all_best(std::string_view text, Rows& rows, bool by_id) {
#ifdef IPIP_FAST_NUMBERS
  if (__builtin_cpu_supports("sse4.1")) return read_all_fast(text, rows, by_id);
#endif
  return read_all_plain(text, rows, by_id);
}

}  // namespace

bool read_rows(std::string_view text, Rows& rows) {
  const auto texts = std::count(rows.kinds.begin(), rows.kinds.end(), Kind::text);
  rows.words.assign(static_cast<std::size_t>(texts), {});
  if (rows.id >= 0 && read_all_best(text, rows, true)) return true;
  read_all_best(text, rows, false);
  return false;
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
