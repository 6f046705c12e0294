// SPDX-License-Identifier: MIT
#include "dump/rows.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "dump/fast_number.hpp"
#include "dump/number.hpp"
#include "dump/word_index.hpp"
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

// One row into `values` and `codes`.
void read_row(Words& words, std::int64_t row, Rows& rows, double* values, std::int32_t* codes) {
  std::size_t text_column = 0;
  for (const Kind kind : rows.kinds) {
    words.skip_blanks();
    bool there = true;
    if (kind == Kind::number) {
      there = words.number(*values++);
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

// Rows by id as long as the ids allow it; returns whether they did. Says what is wrong with a row.
bool read_all(std::string_view text, Rows& rows, bool by_id) {
  const auto n_numbers = std::count(rows.kinds.begin(), rows.kinds.end(), Kind::number);
  const auto n_texts = std::count(rows.kinds.begin(), rows.kinds.end(), Kind::text);
  std::vector<double> values(static_cast<std::size_t>(n_numbers));
  std::vector<std::int32_t> codes(static_cast<std::size_t>(n_texts));
  std::vector<bool> filled(by_id ? static_cast<std::size_t>(rows.count) : 0);
  Words words(text);
  for (std::int64_t row = 0; row < rows.count; ++row) {
    read_row(words, row, rows, values.data(), codes.data());
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

#ifdef IPIP_FAST_NUMBERS

enum class Outcome : std::uint8_t { done, ids_do_not_count, look_closer };

// A column that is read, and where it goes.
struct Target {
  std::int64_t column;
  Kind kind;
  std::int64_t place;  // among the number or text columns
};

std::vector<Target> targets_of(const Rows& rows) {
  std::vector<Target> targets;
  std::int64_t numbers = 0;
  std::int64_t texts = 0;
  for (std::size_t k = 0; k < rows.kinds.size(); ++k) {
    const Kind kind = rows.kinds[k];
    if (kind == Kind::skip) continue;
    targets.push_back(
        {static_cast<std::int64_t>(k), kind, kind == Kind::number ? numbers++ : texts++});
  }
  return targets;
}

// Codes of short words, compared as integers.
class ShortWords {
 public:
  explicit ShortWords(std::vector<std::string>& words) : words_(words) {}

  std::int32_t code(std::uint64_t key, const char* at) {
    std::int32_t found = -1;
    for (std::size_t k = 0; k < keys_.size(); ++k) {
      if (keys_[k] == key) found = static_cast<std::int32_t>(k);
    }
    if (found >= 0) return found;
    const char* end = at;
    while (static_cast<unsigned char>(*end) > ' ') ++end;
    keys_.push_back(key);
    words_.emplace_back(at, end);
    return static_cast<std::int32_t>(keys_.size() - 1);
  }

 private:
  std::vector<std::uint64_t> keys_;
  std::vector<std::string>& words_;
};

// The number whose word begins at `at`, in a text that ends at `end`.
[[gnu::target("sse4.1"), gnu::always_inline]] inline bool word_number(const char* at,
                                                                      const char* end,
                                                                      double& value) {
  if (end - at >= kFastReach && fast_number(at, value) != nullptr) return true;
  const char* last = at;
  while (last != end && static_cast<unsigned char>(*last) > ' ') ++last;
  return read_number({at, static_cast<std::size_t>(last - at)}, value);
}

// The usual case: plain numbers, short words, whole rows. `look_closer` where anything is unusual.
[[gnu::target("sse4.1,popcnt")]] Outcome read_indexed(std::string_view text, Rows& rows,
                                                      const std::uint32_t* starts, bool by_id) {
  const auto width = static_cast<std::int64_t>(rows.kinds.size());
  const std::vector<Target> targets = targets_of(rows);
  std::int64_t id_column = 0;
  for (const Target& target : targets) {
    if (target.kind == Kind::number && target.place == rows.id) id_column = target.column;
  }
  std::vector<ShortWords> short_words(rows.words.begin(), rows.words.end());
  std::vector<std::uint8_t> filled(by_id ? static_cast<std::size_t>(rows.count) : 0);
  const char* const end = text.data() + text.size();
  for (std::int64_t row = 0; row < rows.count; ++row) {
    const std::uint32_t* const words = starts + row * width;
    std::int64_t place = row;
    if (by_id) {
      double id = 0.0;
      if (!word_number(text.data() + words[id_column], end, id)) return Outcome::look_closer;
      if (!(id >= 1.0 && id <= static_cast<double>(rows.count))) return Outcome::ids_do_not_count;
      place = static_cast<std::int64_t>(id) - 1;
      if (filled[static_cast<std::size_t>(place)]++ != 0) return Outcome::ids_do_not_count;
    }
    for (const Target& target : targets) {
      const char* const at = text.data() + words[target.column];
      const std::int64_t to = target.place * rows.count + place;
      if (target.kind == Kind::number) {
        if (!word_number(at, end, rows.numbers[to])) return Outcome::look_closer;
      } else {
        const std::uint64_t key = end - at >= 16 ? word_key(at) : 0;
        if (key == 0 && end - at >= 16) return Outcome::look_closer;
        std::uint64_t own = key;
        if (key == 0) {  // near the end of the text
          const std::string_view word(
              at, static_cast<std::size_t>(
                      std::find_if(at, end,
                                   [](char c) { return static_cast<unsigned char>(c) <= ' '; }) -
                      at));
          if (word.size() > 8) return Outcome::look_closer;
          std::memcpy(&own, word.data(), word.size());
        }
        rows.codes[to] = short_words[static_cast<std::size_t>(target.place)].code(own, at);
      }
    }
  }
  return Outcome::done;
}

// Whether the rows were read; if not, they have to be looked at one by one.
bool read_fast(std::string_view text, Rows& rows, bool& sorted) {
  const auto width = static_cast<std::int64_t>(rows.kinds.size());
  if (!__builtin_cpu_supports("sse4.1") || !__builtin_cpu_supports("popcnt")) return false;
  if (text.size() > 0xffffff00U) return false;  // words are indexed with 32 bits
  const std::unique_ptr<std::uint32_t[]> starts(
      new std::uint32_t[static_cast<std::size_t>(rows.count * width)]);
  if (!index_words(text, rows.count, width, starts.get())) return false;
  for (const bool by_id : {true, false}) {
    if (by_id && rows.id < 0) continue;
    for (std::vector<std::string>& words : rows.words) words.clear();
    const Outcome outcome = read_indexed(text, rows, starts.get(), by_id);
    sorted = by_id;
    if (outcome != Outcome::ids_do_not_count) return outcome == Outcome::done;
  }
  return false;
}

#endif

}  // namespace

bool read_rows(std::string_view text, Rows& rows) {
  const auto texts = std::count(rows.kinds.begin(), rows.kinds.end(), Kind::text);
  rows.words.assign(static_cast<std::size_t>(texts), {});
#ifdef IPIP_FAST_NUMBERS
  bool sorted = false;
  if (read_fast(text, rows, sorted)) return sorted;
  for (std::vector<std::string>& words : rows.words) words.clear();
#endif
  if (rows.id >= 0 && read_all(text, rows, true)) return true;
  for (std::vector<std::string>& words : rows.words) words.clear();
  read_all(text, rows, false);
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
