// SPDX-License-Identifier: MIT
#if defined(__GNUC__) && !defined(__clang__)
// GCC's headers leave vectors undefined on purpose, where all of them is written by what follows.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include "dump/wide_rows.hpp"

#include <algorithm>
#include <numeric>

#include "dump/column_plan.hpp"
#include "dump/number.hpp"
#include "dump/rows.hpp"
#include "dump/short_words.hpp"

namespace ipip::dump {

#ifdef IPIP_FAST_NUMBERS

namespace {

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

// Ids that are 1 ... count, each once, give the places of their atoms.
struct Counted {
  std::int64_t count;     // of all rows
  std::uint8_t* filled;   // [count]
  std::uint32_t* places;  // of the rows of a part
  bool found = true;      // whether the ids are such

  bool take(std::int64_t row, std::int64_t id) {
    found = id >= 1 && id <= count && filled[id - 1]++ == 0;
    places[row] = static_cast<std::uint32_t>(id - 1);
    return found;
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
                                              const std::uint32_t* fourth, unsigned wrong,
                                              double* values) {
  for (; wrong != 0; wrong &= wrong - 1) {
    const int lane = __builtin_ctz(wrong);
    const std::uint32_t* const own = lane == 3 ? fourth : marks + 2 * lane;
    if (!read_number({text + own[0], own[1] - own[0]}, values[lane])) return false;
  }
  return true;
}

// Use of the integer of a quad: none, stored, or the atom's place.
enum class Fourth : std::uint8_t { none, stored, place };

template <Fourth kFourth>
IPIP_WIDE bool read_quad(const Part& part, std::int64_t width, const Quad& quad,
                         Counted* counted = nullptr) {
  const NumberTables tables;
  const std::int64_t stride = quad.stride;
  double* const to = quad.to;
  const unsigned own = (1U << quad.count) - 1;
  const unsigned wanted = kFourth == Fourth::none ? own : own | 8U;
  const char* const text = part.words.text;
  const std::uint32_t* marks = part.words.marks + 2 * quad.first;
  const std::int64_t apart =
      2 * ((kFourth == Fourth::none ? quad.first + 3 : quad.fourth) - quad.first);
  for (std::int64_t row = 0; row < part.count; ++row, marks += 2 * width) {
    __m256d values;
    const unsigned wrong = four_numbers(text, marks, marks + apart, tables, values) & wanted;
    if (wrong != 0) [[unlikely]] {
      alignas(32) double each[4];
      _mm256_store_pd(each, values);
      if (!read_others(text, marks, marks + apart, wrong, each)) return false;
      if (kFourth != Fourth::none && !(each[3] > -9e15 && each[3] < 9e15)) return false;
      values = _mm256_load_pd(each);
    }
    const __m128d high = _mm256_extractf128_pd(values, 1);
    const std::int64_t integer = _mm_cvttsd_si64(_mm_unpackhi_pd(high, high));
    if constexpr (kFourth == Fourth::place) {
      if (!counted->take(row, integer)) return false;
    }
    const std::int64_t place = part.place(row);
    _mm256_mask_storeu_pd(to + place * stride, static_cast<__mmask8>(own), values);
    if constexpr (kFourth == Fourth::stored) quad.integers[place] = integer;
  }
  return true;
}

// All columns but those of the first `done` quads; of the ids only where they are in a quad.
bool read_columns(const Part& part, const Rows& rows, const Plan& plan, std::size_t done,
                  ShortWords& known) {
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  for (const std::int64_t k : plan.integers) {
    const Column& column = rows.columns[static_cast<std::size_t>(k)];
    if (!read_integers(part, width, k, column.integers)) return false;
  }
  if (plan.text >= 0) {
    const Column& column = rows.columns[static_cast<std::size_t>(plan.text)];
    if (!read_codes(part, width, plan.text, column.codes, known)) return false;
  }
  for (std::size_t k = done; k < plan.quads.size(); ++k) {
    const Quad& quad = plan.quads[k];
    if (quad.fourth < 0 ? !read_quad<Fourth::none>(part, width, quad)
                        : !read_quad<Fourth::stored>(part, width, quad)) {
      return false;
    }
  }
  return true;
}

// The places of the atoms of a part from their ids.
bool read_places(const Part& part, const Rows& rows, const Plan& plan, Counted& counted) {
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  if (plan.id_first) return read_quad<Fourth::place>(part, width, plan.quads[0], &counted);
  for (std::int64_t row = 0; row < part.count; ++row) {
    std::int64_t id = 0;
    if (!integer_at(part.words, row * width + rows.id, id) || !counted.take(row, id)) return false;
  }
  return true;
}

// The text after `begin` that 32 bits reach; rows that end beyond it are unusual.
std::size_t reach_of(std::string_view text, std::size_t begin) {
  return std::min<std::size_t>(text.size() - begin, 0xffffff00U);
}

// Some rows at a time, so that the places of their words stay in the cache, if there are no ids or
// these are 1 ... count, each once. `counted` says whether they are.
Read read_in_parts(std::string_view text, std::size_t begin, Rows& rows, Scratch& scratch,
                   std::size_t& end, bool& counted) {
  constexpr std::int64_t kWords = 2048;
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  const std::int64_t most = std::min(rows.count, std::max<std::int64_t>(1, kWords / width));
  const bool placed = rows.id >= 0;
  std::uint32_t* const marks = scratch.words(2 * most * width + kWideSlack);
  Counted ids{rows.count, placed ? scratch.filled(rows.count).data() : nullptr,
              placed ? scratch.places(most) : nullptr};
  const Plan plan = plan_for(rows);
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
    const Part part{{own, marks}, first, count, ids.places};
    if (placed && !read_places(part, rows, plan, ids)) {
      counted = ids.found;
      return Read::unusual;
    }
    if (!read_columns(part, rows, plan, placed && plan.id_first ? 1 : 0, known)) {
      return Read::unusual;
    }
    end += length;
  }
  if (placed) {
    std::int64_t* const to = rows.columns[static_cast<std::size_t>(rows.id)].integers;
    std::iota(to, to + rows.count, std::int64_t{1});
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
  if (!read_columns(part, rows, plan_for(rows), 0, known)) return Read::unusual;
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
  // Ids are nearly always as in the frame before.
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
