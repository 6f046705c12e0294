// SPDX-License-Identifier: MIT
#if defined(__GNUC__) && !defined(__clang__)
// GCC's headers leave vectors undefined on purpose, where all of them is written by what follows.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include "dump/wide_rows.hpp"

#include <algorithm>

#include "dump/number.hpp"
#include "dump/rows.hpp"
#include "dump/short_words.hpp"

namespace ipip::dump {

#ifdef IPIP_FAST_NUMBERS

namespace {

// Up to four numbers beside each other that go to places beside each other.
struct Quad {
  std::int64_t first = 0;  // column
  int count = 0;
  double* to = nullptr;
  std::int64_t stride = 0;
};

std::vector<Quad> quads_of(const std::vector<Column>& columns) {
  std::vector<Quad> quads;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const Column& column = columns[k];
    if (column.kind != Kind::number) continue;
    const auto place = static_cast<std::int64_t>(k);
    if (!quads.empty()) {
      Quad& last = quads.back();
      if (last.count < 4 && place == last.first + last.count && column.stride == last.stride &&
          column.numbers == last.to + last.count) {
        ++last.count;
        continue;
      }
    }
    quads.push_back({place, 1, column.numbers, column.stride});
  }
  return quads;
}

struct Words {
  const char* text;            // from which places count
  const std::uint32_t* marks;  // where each word begins and ends

  const char* begin(std::int64_t word) const { return text + marks[2 * word]; }
  const char* end(std::int64_t word) const { return text + marks[2 * word + 1]; }
  std::uint32_t length(std::int64_t word) const { return marks[2 * word + 1] - marks[2 * word]; }
};

bool integer_at(const Words& words, std::int64_t word, std::int64_t& value) {
  const std::uint32_t length = words.length(word);
  const char* const end = words.end(word);
  if (length == 1 && static_cast<unsigned char>(end[-1] - '0') < 10) {
    value = end[-1] - '0';
    return true;
  }
  return short_integer(end, length, value) ||
         read_integer({words.begin(word), static_cast<std::size_t>(length)}, value);
}

bool read_integers(const Words& words, const Rows& rows, std::int64_t column, std::int64_t* to,
                   const std::uint32_t* places) {
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  for (std::int64_t row = 0; row < rows.count; ++row) {
    if (!integer_at(words, row * width + column, to[places == nullptr ? row : places[row]])) {
      return false;
    }
  }
  return true;
}

bool read_codes(const Words& words, Rows& rows, std::int64_t column, std::int32_t* to,
                const std::uint32_t* places) {
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  ShortWords known;
  for (std::int64_t row = 0; row < rows.count; ++row) {
    const std::int64_t word = row * width + column;
    const std::uint32_t length = words.length(word);
    if (length > 8) return false;
    to[places == nullptr ? row : places[row]] = known.code(words.begin(word), length);
  }
  rows.words = known.words();
  return true;
}

// Reads the words of `wrong` (bits) one by one.
[[gnu::noinline, gnu::cold]] bool read_others(const char* text, const std::uint32_t* marks,
                                              unsigned wrong, double* own) {
  for (; wrong != 0; wrong &= wrong - 1) {
    const int lane = __builtin_ctz(wrong);
    const std::uint32_t begin = marks[2 * lane];
    if (!read_number({text + begin, marks[2 * lane + 1] - begin}, own[lane])) return false;
  }
  return true;
}

IPIP_WIDE bool read_quad(const Words& words, const Rows& rows, const Quad& quad,
                         const std::uint32_t* places) {
  const NumberTables tables;
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  const std::int64_t count = rows.count;
  const std::int64_t stride = quad.stride;
  double* const to = quad.to;
  const unsigned wanted = (1U << quad.count) - 1;
  const char* const text = words.text;
  const std::uint32_t* marks = words.marks + 2 * quad.first;
  for (std::int64_t row = 0; row < count; ++row, marks += 2 * width) {
    double* const own = to + (places == nullptr ? row : places[row]) * stride;
    __m256d values;
    const unsigned wrong = four_numbers(text, marks, tables, values) & wanted;
    _mm256_mask_storeu_pd(own, static_cast<__mmask8>(wanted), values);
    if (wrong != 0 && !read_others(text, marks, wrong, own)) return false;
  }
  return true;
}

}  // namespace

Read read_wide_rows(std::string_view text, std::size_t begin, Rows& rows, Scratch& scratch,
                    std::size_t& end) {
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  const std::int64_t total = rows.count * width;
  const std::string_view rest = text.substr(begin);
  if (begin < kWideReach || static_cast<std::uint64_t>(total) > rest.size()) return Read::unusual;
  std::uint32_t* const marks = scratch.words(2 * total + kWideSlack);
  // The longest text that 32 bits reach; rows that end behind it are no usual ones.
  const std::size_t reach = rest.size() < 0xffffff00U ? rest.size() : 0xffffff00U;
  const Indexed indexed = index_rows(rest.data(), reach, rows.count, width, marks, end);
  if (indexed == Indexed::ran_out && reach == rest.size()) return Read::ran_out;
  if (indexed != Indexed::done) return Read::unusual;
  end += begin;
  std::fill_n(marks + 2 * total, 8, 0U);  // the last quad reaches beyond the words
  const Words words{rest.data(), marks};
  const std::uint32_t* places = nullptr;
  if (rows.id >= 0) {
    std::int64_t* const found = scratch.ids(rows.count);
    if (!read_integers(words, rows, rows.id, found, nullptr)) return Read::unusual;
    if (places_of(found, rows.count, scratch)) places = scratch.places(rows.count);
    std::int64_t* const to = rows.columns[static_cast<std::size_t>(rows.id)].integers;
    for (std::int64_t row = 0; row < rows.count; ++row) {
      to[places == nullptr ? row : places[row]] = found[row];
    }
  }
  for (std::int64_t k = 0; k < width; ++k) {
    const Column& column = rows.columns[static_cast<std::size_t>(k)];
    if (column.kind == Kind::integer && k != rows.id &&
        !read_integers(words, rows, k, column.integers, places)) {
      return Read::unusual;
    }
    if (column.kind == Kind::text && !read_codes(words, rows, k, column.codes, places)) {
      return Read::unusual;
    }
  }
  for (const Quad& quad : quads_of(rows.columns)) {
    if (!read_quad(words, rows, quad, places)) return Read::unusual;
  }
  return Read::done;
}

#else

Read read_wide_rows(std::string_view, std::size_t, Rows&, Scratch&, std::size_t&) {
  return Read::unusual;
}

#endif

}  // namespace ipip::dump
