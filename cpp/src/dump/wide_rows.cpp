// SPDX-License-Identifier: MIT
#include "dump/wide_rows.hpp"

#include <array>

#include "dump/number.hpp"
#include "dump/rows.hpp"
#include "dump/short_words.hpp"

namespace ipip::dump {

#ifdef IPIP_FAST_NUMBERS

namespace {

// Four words beside each other, of which some are numbers that are wanted.
struct Quad {
  std::int64_t first = 0;  // column
  unsigned wanted = 0;     // bits
  std::array<double*, 4> to{};
  std::array<std::int64_t, 4> stride{};
};

std::vector<Quad> quads_of(const std::vector<Column>& columns) {
  std::vector<Quad> quads;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    if (columns[k].kind != Kind::number) continue;
    const auto column = static_cast<std::int64_t>(k);
    if (quads.empty() || column >= quads.back().first + 4) quads.push_back({column, 0, {}, {}});
    Quad& quad = quads.back();
    const auto lane = static_cast<std::size_t>(column - quad.first);
    quad.wanted |= 1U << lane;
    quad.to[lane] = columns[k].numbers;
    quad.stride[lane] = columns[k].stride;
  }
  return quads;
}

struct Words {
  const char* text;  // from which places count
  const std::uint32_t* starts;
  const std::uint32_t* ends;
};

bool integer_at(const Words& words, std::int64_t word, std::int64_t& value) {
  const std::uint32_t end = words.ends[word];
  const std::uint32_t length = end - words.starts[word];
  const char* const last = words.text + end;
  if (length == 1 && static_cast<unsigned char>(last[-1] - '0') < 10) {
    value = last[-1] - '0';
    return true;
  }
  return short_integer(last, length, value) ||
         read_integer({last - length, static_cast<std::size_t>(length)}, value);
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
    const std::uint32_t start = words.starts[word];
    const std::uint32_t length = words.ends[word] - start;
    if (length > 8) return false;
    to[places == nullptr ? row : places[row]] = known.code(words.text + start, length);
  }
  rows.words = known.words();
  return true;
}

IPIP_WIDE bool read_quad(const Words& words, const Rows& rows, const Quad& quad,
                         const std::uint32_t* places) {
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  for (std::int64_t row = 0; row < rows.count; ++row) {
    const std::int64_t word = row * width + quad.first;
    const std::int64_t place = places == nullptr ? row : places[row];
    __m256d values;
    unsigned wrong = four_numbers(words.text, words.starts + word, words.ends + word, values);
    wrong &= quad.wanted;
    const __m128d low = _mm256_castpd256_pd128(values);
    const __m128d high = _mm256_extractf64x2_pd(values, 1);
    if ((quad.wanted & 1U) != 0) _mm_storel_pd(quad.to[0] + place * quad.stride[0], low);
    if ((quad.wanted & 2U) != 0) _mm_storeh_pd(quad.to[1] + place * quad.stride[1], low);
    if ((quad.wanted & 4U) != 0) _mm_storel_pd(quad.to[2] + place * quad.stride[2], high);
    if ((quad.wanted & 8U) != 0) _mm_storeh_pd(quad.to[3] + place * quad.stride[3], high);
    for (; wrong != 0; wrong &= wrong - 1) {
      const auto lane = static_cast<std::size_t>(__builtin_ctz(wrong));
      const std::uint32_t start = words.starts[word + static_cast<std::int64_t>(lane)];
      const std::uint32_t end = words.ends[word + static_cast<std::int64_t>(lane)];
      double* const to = quad.to[lane] + place * quad.stride[lane];
      if (!read_number({words.text + start, end - start}, *to)) return false;
    }
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
  std::uint32_t* const starts = scratch.starts(total + kWideSlack);
  std::uint32_t* const ends = scratch.ends(total + kWideSlack);
  // The longest text that 32 bits reach; rows that end behind it are no usual ones.
  const std::size_t reach = rest.size() < 0xffffff00U ? rest.size() : 0xffffff00U;
  const Indexed indexed = index_rows(rest.data(), reach, rows.count, width, starts, ends, end);
  if (indexed == Indexed::ran_out && reach == rest.size()) return Read::ran_out;
  if (indexed != Indexed::done) return Read::unusual;
  end += begin;
  for (std::int64_t k = 0; k < 4; ++k) starts[total + k] = ends[total + k] = 0;
  const Words words{rest.data(), starts, ends};
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
