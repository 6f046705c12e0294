// SPDX-License-Identifier: MIT
// Rows of plain numbers with SSE 4.1, where there is no AVX-512.
#include "dump/number.hpp"
#include "dump/rows.hpp"
#include "dump/short_words.hpp"
#include "dump/word_index.hpp"

namespace ipip::dump {

#ifdef IPIP_FAST_NUMBERS

namespace {

std::string_view word_at(std::string_view text, std::uint32_t start) {
  std::size_t end = start;
  while (end != text.size() && static_cast<unsigned char>(text[end]) > ' ') ++end;
  return text.substr(start, end - start);
}

[[gnu::target("sse4.1"), gnu::always_inline]] inline bool number_at(std::string_view text,
                                                                    std::uint32_t start,
                                                                    double& value) {
  if (text.size() - start >= kFastReach && fast_number(text.data() + start, value) != nullptr) {
    return true;
  }
  return read_number(word_at(text, start), value);
}

[[gnu::target("sse4.1,popcnt")]] bool read_indexed(std::string_view text, Rows& rows,
                                                   const std::uint32_t* starts,
                                                   const std::uint32_t* places) {
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  ShortWords known;
  for (std::int64_t row = 0; row < rows.count; ++row) {
    const std::uint32_t* const words = starts + row * width;
    const std::int64_t place = places == nullptr ? row : places[row];
    for (std::int64_t k = 0; k < width; ++k) {
      const Column& column = rows.columns[static_cast<std::size_t>(k)];
      if (column.kind == Kind::number) {
        if (!number_at(text, words[k], column.numbers[place * column.stride])) return false;
      } else if (column.kind == Kind::integer) {
        if (!read_integer(word_at(text, words[k]), column.integers[place])) return false;
      } else if (column.kind == Kind::text) {
        const std::string_view word = word_at(text, words[k]);
        if (word.size() > 8 || word.empty()) return false;
        column.codes[place] =
            known.code(word.data() + word.size(), static_cast<std::uint32_t>(word.size()));
      }
    }
  }
  rows.words = known.words();
  return true;
}

}  // namespace

bool read_sse_rows(std::string_view text, Rows& rows, Scratch& scratch) {
  if (text.size() > 0xffffff00U) return false;  // words are indexed with 32 bits
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  std::uint32_t* const starts = scratch.words(rows.count * width);
  if (!index_words(text, rows.count, width, starts)) return false;
  const std::uint32_t* places = nullptr;
  if (rows.id >= 0) {
    std::int64_t* const ids = scratch.ids(rows.count);
    for (std::int64_t row = 0; row < rows.count; ++row) {
      if (!read_integer(word_at(text, starts[row * width + rows.id]), ids[row])) return false;
    }
    if (places_of(ids, rows.count, scratch)) places = scratch.places(rows.count);
  }
  return read_indexed(text, rows, starts, places);
}

#else

bool read_sse_rows(std::string_view, Rows&, Scratch&) {
  return false;
}

#endif

}  // namespace ipip::dump
