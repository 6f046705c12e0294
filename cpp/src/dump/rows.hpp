// SPDX-License-Identifier: MIT
// Reads the rows of a frame into columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ipip::dump {

/// What becomes of a column.
enum class Kind : std::uint8_t {
  skip,     ///< not read
  number,   ///< a double
  integer,  ///< ids and types
  text      ///< an index into the list of words; one column at most
};

/// A column of the text, and where it goes.
struct Column {
  Kind kind = Kind::skip;
  double* numbers = nullptr;  ///< of a number: atom p goes to numbers[p * stride]
  std::int64_t stride = 1;
  std::int64_t* integers = nullptr;  ///< [count]
  std::int32_t* codes = nullptr;     ///< [count]
};

/// Processor instructions to use.
enum class Instructions : std::uint8_t { plain, sse, avx512 };

/// The best ones that this processor runs, at most `wanted` (auto, avx512, sse, plain). Throws
/// ipip::Error for an unknown name, or where the processor does not run it.
Instructions instructions_for(std::string_view wanted);

/// How rows are read and where they go.
struct Rows {
  std::int64_t count = 0;          ///< rows
  std::vector<Column> columns;     ///< of every word of a row
  int id = -1;                     ///< column of the atoms' ids (an integer); -1: none
  std::vector<std::string> words;  ///< what the codes of the text column index
  Instructions instructions = Instructions::plain;
};

/// Memory that is kept from frame to frame.
class Scratch {
 public:
  bool counted = true;  ///< whether ids were 1 ... count in the last frame, or none was read

  std::uint32_t* words(std::int64_t count) { return of(words_, n_words_, count); }
  std::uint32_t* places(std::int64_t count) { return of(places_, n_places_, count); }
  std::int32_t* codes(std::int64_t count) { return of(codes_, n_codes_, count); }
  std::int64_t* ids(std::int64_t count) { return of(ids_, n_ids_, count); }
  std::vector<std::uint8_t>& filled(std::int64_t count) {
    filled_.assign(static_cast<std::size_t>(count), 0);
    return filled_;
  }

 private:
  template <class T>
  static T* of(std::unique_ptr<T[]>& memory, std::int64_t& held, std::int64_t count) {
    if (count > held) {
      memory.reset(new T[static_cast<std::size_t>(count)]);
      held = count;
    }
    return memory.get();
  }

  std::unique_ptr<std::uint32_t[]> words_;
  std::unique_ptr<std::uint32_t[]> places_;
  std::unique_ptr<std::int32_t[]> codes_;
  std::unique_ptr<std::int64_t[]> ids_;
  std::vector<std::uint8_t> filled_;
  std::int64_t n_words_ = 0;
  std::int64_t n_places_ = 0;
  std::int64_t n_codes_ = 0;
  std::int64_t n_ids_ = 0;
};

/// How reading rows that may be missing ended.
enum class Read : std::uint8_t {
  done,
  ran_out,  ///< the text ends before the rows do
  unusual   ///< there is something that the slow reader must examine
};

/// With AVX-512: reads `rows.count` rows that begin at `begin` of `text`, where all is as usual,
/// and finds their `end`. Atoms come out in the order of their ids.
Read read_wide_rows(std::string_view text, std::size_t begin, Rows& rows, Scratch& scratch,
                    std::size_t& end);

/// With SSE 4.1: reads the rows that `text` consists of; false where something is unusual.
bool read_sse_rows(std::string_view text, Rows& rows, Scratch& scratch);

/// Reads the rows that `text` consists of, whatever they are; each is ended by a line feed. Atoms
/// come out in the order of their ids. Throws ipip::Error where a row has too few or too many words
/// or one is not a number.
void read_rows(std::string_view text, Rows& rows, Scratch& scratch);

/// The places that sort rows with these ids (stable); false if they are sorted already.
bool places_of(const std::int64_t* ids, std::int64_t count, Scratch& scratch);

/// Whether the words of the first row are numbers, by column.
std::vector<bool> numeric_words(std::string_view rows);

}  // namespace ipip::dump
