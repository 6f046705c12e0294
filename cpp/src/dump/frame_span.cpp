// SPDX-License-Identifier: MIT
#include "dump/frame_span.hpp"

#include <cstring>

#include "dump/number.hpp"
#include "ipip/error.hpp"

namespace ipip::dump {
namespace {

struct CutOff {};   // the end of the text came first
struct NextFrame {  // another frame begins before this one ended
  std::size_t at;
};

constexpr std::string_view kTime = "ITEM: TIME";  // the beginning of kFrameBegin too
constexpr std::string_view kUnits = "ITEM: UNITS";

// Where another frame begins in text[from, ...); npos: nowhere. Rows hold numbers and short names,
// and headers are short: an I is rare, so this is one fast pass.
std::size_t next_frame(std::string_view text, std::size_t from) {
  for (std::size_t k = text.find('I', from); k != text.npos; k = text.find('I', k + 1)) {
    const std::string_view rest = text.substr(k);
    if (rest.starts_with(kTime) || rest.starts_with(kUnits)) return k;
  }
  return text.npos;
}

// Start of the line before the one that begins at `begin` (above 0).
std::size_t line_before(std::string_view text, std::size_t begin) {
  if (begin < 2) return 0;
  const std::size_t end = text.rfind('\n', begin - 2);
  return end == text.npos ? 0 : end + 1;
}

std::string shown(std::string_view line) {
  std::string text(line.substr(0, 60));
  for (char& sign : text) {
    if (static_cast<unsigned char>(sign) < 32 || static_cast<unsigned char>(sign) > 126) sign = '?';
  }
  return "'" + text + "'";
}

class Header {
 public:
  Header(std::string_view text, std::size_t begin) : text_(text), at_(begin) {}

  std::size_t at() const { return at_; }

  // The next line without its end. No frame may begin in it; an item may, and with it a frame.
  std::string_view line(bool item = false) {
    const std::size_t end = text_.find('\n', at_);
    const std::string_view found = text_.substr(at_, end == text_.npos ? end : end - at_);
    const std::size_t next = next_frame(found, item ? 1 : 0);
    if (next != text_.npos) throw NextFrame{at_ + next};
    if (end == text_.npos) throw CutOff{};
    begun_ = at_;
    at_ = end + 1;
    return found;
  }

  // Ends the frame before the last line read.
  [[noreturn]] void next() const { throw NextFrame{begin_of_frame(text_, begun_)}; }

  // A line of one word.
  std::string_view word() {
    const std::string_view found = line();
    const std::vector<std::string_view> parts = words(found);
    if (parts.size() != 1) throw Error("expected a word, got " + shown(found));
    return parts[0];
  }

  std::int64_t integer() {
    const std::string_view found = line();
    const std::vector<std::string_view> parts = words(found);
    std::int64_t value = 0;
    if (parts.size() != 1 || !read_integer(parts[0], value)) {
      throw Error("expected an integer, got " + shown(found));
    }
    return value;
  }

 private:
  std::string_view text_;
  std::size_t at_;
  std::size_t begun_ = 0;  // of the last line read
};

void read_bounds(Header& header, FrameSpan& span) {
  for (int row = 0; row < 3; ++row) {
    const std::string_view line = header.line();
    const std::vector<std::string_view> parts = words(line);
    const auto width = static_cast<std::int64_t>(parts.size());
    if (row == 0) span.bounds_width = width;
    bool right = width == span.bounds_width && width >= 2 && width <= 4;
    for (const std::string_view part : parts) {
      double value = 0.0;
      right = right && read_number(part, value);
      span.bounds.push_back(value);
    }
    if (!right) throw Error("expected 2, 3 or 4 numbers of the box, got " + shown(line));
  }
}

// The end of `count` rows that begin at `begin`.
std::size_t end_of_rows(std::string_view text, std::size_t begin, std::int64_t count) {
  std::size_t at = begin;
  bool whole = true;
  for (std::int64_t row = 0; row < count; ++row) {
    const void* end = std::memchr(text.data() + at, '\n', text.size() - at);
    if (end == nullptr) {
      at = text.size();
      whole = false;
      break;
    }
    at = static_cast<std::size_t>(static_cast<const char*>(end) - text.data()) + 1;
  }
  const std::size_t next = next_frame(text.substr(begin, at - begin), 0);
  if (next != text.npos) throw NextFrame{begin + next};
  if (!whole) throw CutOff{};
  return at;
}

void read_all_items(Header& header, FrameSpan& span) {
  std::optional<std::int64_t> step;
  std::optional<std::int64_t> count;
  while (true) {
    const std::string_view line = header.line(true);
    if (line.starts_with(kFrameBegin)) {
      if (step) header.next();
      step = header.integer();
    } else if (line.starts_with("ITEM: NUMBER OF ATOMS")) {
      count = header.integer();
      if (*count < 0) throw Error("expected a number of atoms, got " + std::to_string(*count));
    } else if (line.starts_with("ITEM: BOX BOUNDS")) {
      const std::vector<std::string_view> parts = words(line.substr(16));
      span.box.assign(parts.begin(), parts.end());
      read_bounds(header, span);
    } else if (line.starts_with(kUnits)) {
      span.units = header.word();
    } else if (line.starts_with(kTime)) {
      const std::string_view word = header.word();
      double time = 0.0;
      if (!read_number(word, time)) throw Error("expected a time, got " + shown(word));
      span.time = time;
    } else if (line.starts_with("ITEM: ATOMS") && step && count && span.bounds_width > 0) {
      const std::vector<std::string_view> parts = words(line.substr(11));
      if (parts.empty()) throw Error("names no columns: 'ITEM: ATOMS' is too old a format");
      span.columns = line.substr(11);
      span.step = *step;
      span.count = *count;
      span.rows = header.at();
      span.found = Found::frame;
      return;
    } else {
      throw Error("is not a LAMMPS text dump of atoms: unexpected line " + shown(line));
    }
  }
}

}  // namespace

std::size_t begin_of_frame(std::string_view text, std::size_t at) {
  while (at > 0 && text[at - 1] == '\n') {
    const std::size_t value = line_before(text, at);
    if (value == 0) return at;
    std::string_view item = text.substr(0, value - 1);
    while (!item.empty() && is_blank(item.back())) item.remove_suffix(1);
    if (item.ends_with(kTime)) {
      at = item.size() - kTime.size();
    } else if (item.ends_with(kUnits)) {
      at = item.size() - kUnits.size();
    } else {
      return at;
    }
  }
  return at;
}

FrameSpan read_header(std::string_view text, std::size_t begin) {
  FrameSpan span;
  Header header(text, begin);
  try {
    read_all_items(header, span);
  } catch (const CutOff&) {
    span.found = Found::incomplete;
  } catch (const NextFrame& next) {
    span.found = Found::broken;
    span.end = next.at;
  }
  return span;
}

void find_rows(std::string_view text, FrameSpan& span) {
  try {
    span.end = end_of_rows(text, span.rows, span.count);
    span.found = Found::frame;
  } catch (const CutOff&) {
    span.found = Found::incomplete;
  } catch (const NextFrame& next) {
    span.found = Found::broken;
    span.end = next.at;
  }
}

std::vector<std::string> names_of(std::string_view line) {
  const std::vector<std::string_view> parts = words(line);
  return {parts.begin(), parts.end()};
}

}  // namespace ipip::dump
