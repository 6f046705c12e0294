// SPDX-License-Identifier: MIT
#if defined(__GNUC__) && !defined(__clang__)
// GCC's headers leave vectors undefined on purpose, where all of them is written by what follows.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include "dump/wide_rows.hpp"

#include <algorithm>
#include <numeric>

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

// Rows that are read together: their words, and the places of their atoms.
struct Part {
  Words words;
  std::int64_t first;           // of these rows among all
  std::int64_t count;           // rows
  const std::uint32_t* places;  // [count]; nullptr: atoms come in the order of the rows

  std::int64_t place(std::int64_t row) const {
    return places == nullptr ? first + row : places[row];
  }
};

bool read_integers(const Part& part, std::int64_t width, std::int64_t column, std::int64_t* to) {
  for (std::int64_t row = 0; row < part.count; ++row) {
    if (!integer_at(part.words, row * width + column, to[part.place(row)])) return false;
  }
  return true;
}

bool read_codes(const Part& part, std::int64_t width, std::int64_t column, std::int32_t* to,
                ShortWords& known) {
  for (std::int64_t row = 0; row < part.count; ++row) {
    const std::int64_t word = row * width + column;
    const std::uint32_t length = part.words.length(word);
    if (length > 8) return false;
    to[part.place(row)] = known.code(part.words.end(word), length);
  }
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

IPIP_WIDE bool read_quad(const Part& part, std::int64_t width, const Quad& quad) {
  const NumberTables tables;
  const std::int64_t stride = quad.stride;
  double* const to = quad.to;
  const unsigned wanted = (1U << quad.count) - 1;
  const char* const text = part.words.text;
  const std::uint32_t* marks = part.words.marks + 2 * quad.first;
  for (std::int64_t row = 0; row < part.count; ++row, marks += 2 * width) {
    double* const own = to + part.place(row) * stride;
    __m256d values;
    const unsigned wrong = four_numbers(text, marks, tables, values) & wanted;
    _mm256_mask_storeu_pd(own, static_cast<__mmask8>(wanted), values);
    if (wrong != 0 && !read_others(text, marks, wrong, own)) return false;
  }
  return true;
}

// All columns but that of the ids.
bool read_columns(const Part& part, const Rows& rows, const std::vector<Quad>& quads,
                  ShortWords& known) {
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  for (std::int64_t k = 0; k < width; ++k) {
    const Column& column = rows.columns[static_cast<std::size_t>(k)];
    if (column.kind == Kind::integer && k != rows.id &&
        !read_integers(part, width, k, column.integers)) {
      return false;
    }
    if (column.kind == Kind::text && !read_codes(part, width, k, column.codes, known)) return false;
  }
  return std::all_of(quads.begin(), quads.end(),
                     [&](const Quad& quad) { return read_quad(part, width, quad); });
}

// The text behind `begin` that 32 bits reach; rows that end behind it are no usual ones.
std::size_t reach_of(std::string_view text, std::size_t begin) {
  return std::min<std::size_t>(text.size() - begin, 0xffffff00U);
}

// Some rows at a time, so that the places of their words stay in the cache: where there are no ids,
// or these are 1 ... count, each once, which tell the place of each atom. `counted` tells whether
// they were.
Read read_in_parts(std::string_view text, std::size_t begin, Rows& rows, Scratch& scratch,
                   std::size_t& end, bool& counted) {
  constexpr std::int64_t kWords = 2048;
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  const std::int64_t most = std::min(rows.count, std::max<std::int64_t>(1, kWords / width));
  std::uint32_t* const marks = scratch.words(2 * most * width + kWideSlack);
  std::uint32_t* const places = rows.id < 0 ? nullptr : scratch.places(most);
  std::uint8_t* const filled = rows.id < 0 ? nullptr : scratch.filled(rows.count).data();
  const std::vector<Quad> quads = quads_of(rows.columns);
  ShortWords known;
  end = begin;
  for (std::int64_t first = 0; first < rows.count; first += most) {
    const std::int64_t count = std::min(most, rows.count - first);
    const std::size_t reach = reach_of(text, end);
    const char* const own = text.data() + end;
    std::size_t length = 0;
    const Indexed indexed = index_rows(own, reach, count, width, marks, length);
    if (indexed == Indexed::ran_out && reach == text.size() - end) return Read::ran_out;
    if (indexed != Indexed::done) return Read::unusual;
    std::fill_n(marks + 2 * count * width, 8, 0U);  // the last quad reaches beyond the words
    const Part part{{own, marks}, first, count, places};
    for (std::int64_t row = 0; rows.id >= 0 && row < count; ++row) {
      std::int64_t id = 0;
      if (!integer_at(part.words, row * width + rows.id, id)) return Read::unusual;
      counted = id >= 1 && id <= rows.count && filled[id - 1]++ == 0;
      if (!counted) return Read::unusual;
      places[row] = static_cast<std::uint32_t>(id - 1);
    }
    if (!read_columns(part, rows, quads, known)) return Read::unusual;
    end += length;
  }
  if (rows.id >= 0) {
    std::int64_t* const ids = rows.columns[static_cast<std::size_t>(rows.id)].integers;
    std::iota(ids, ids + rows.count, std::int64_t{1});
  }
  rows.words = known.words();
  return Read::done;
}

// All rows at once: their ids must be known before the place of an atom is.
Read read_at_once(std::string_view text, std::size_t begin, Rows& rows, Scratch& scratch,
                  std::size_t& end) {
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  const std::int64_t total = rows.count * width;
  std::uint32_t* const marks = scratch.words(2 * total + kWideSlack);
  const std::size_t reach = reach_of(text, begin);
  const char* const own = text.data() + begin;
  const Indexed indexed = index_rows(own, reach, rows.count, width, marks, end);
  if (indexed == Indexed::ran_out && reach == text.size() - begin) return Read::ran_out;
  if (indexed != Indexed::done) return Read::unusual;
  end += begin;
  std::fill_n(marks + 2 * total, 8, 0U);  // the last quad reaches beyond the words
  Part part{{own, marks}, 0, rows.count, nullptr};
  std::int64_t* const ids = scratch.ids(rows.count);
  if (!read_integers(part, width, rows.id, ids)) return Read::unusual;
  if (places_of(ids, rows.count, scratch)) part.places = scratch.places(rows.count);
  std::int64_t* const to = rows.columns[static_cast<std::size_t>(rows.id)].integers;
  for (std::int64_t row = 0; row < rows.count; ++row) to[part.place(row)] = ids[row];
  ShortWords known;
  if (!read_columns(part, rows, quads_of(rows.columns), known)) return Read::unusual;
  rows.words = known.words();
  return Read::done;
}

}  // namespace

Read read_wide_rows(std::string_view text, std::size_t begin, Rows& rows, Scratch& scratch,
                    std::size_t& end) {
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  if (begin < kWideReach ||
      static_cast<std::uint64_t>(rows.count) * static_cast<std::uint64_t>(width) >
          text.size() - begin) {
    return Read::unusual;
  }
  if (rows.id < 0 || scratch.counted) {
    const Read read = read_in_parts(text, begin, rows, scratch, end, scratch.counted);
    if (read != Read::unusual || rows.id < 0 || scratch.counted) return read;
  }
  // Ids are as in the frame before, nearly always.
  const Read read = read_at_once(text, begin, rows, scratch, end);
  scratch.counted = false;
  return read;
}

#else

Read read_wide_rows(std::string_view, std::size_t, Rows&, Scratch&, std::size_t&) {
  return Read::unusual;
}

#endif

}  // namespace ipip::dump
