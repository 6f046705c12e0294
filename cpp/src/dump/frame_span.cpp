// SPDX-License-Identifier: MIT
#include "dump/frame_span.hpp"

#include <cstring>
#include <optional>

#include "dump/number.hpp"
#include "ipip/error.hpp"

namespace ipip::dump {
namespace {

struct CutOff {};   // the end of the text came first
struct NextFrame {  // another frame begins before this one ended
  std::size_t at;
};

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

  // The next line without its end. Only the first one may begin a frame.
  std::string_view line(bool first = false) {
    const std::size_t end = text_.find('\n', at_);
    const std::string_view found =
        text_.substr(at_, end == std::string_view::npos ? std::string_view::npos : end - at_);
    const std::size_t next = found.find(kFrameBegin, first ? 1 : 0);
    if (next != std::string_view::npos) throw NextFrame{at_ + next};
    if (end == std::string_view::npos) throw CutOff{};
    at_ = end + 1;
    return found;
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
  // Rows hold numbers and short names: an I is rare, so this is one fast pass.
  const std::string_view rows = text.substr(begin, at - begin);
  for (std::size_t k = rows.find('I'); k != std::string_view::npos; k = rows.find('I', k + 1)) {
    if (rows.substr(k, kFrameBegin.size()) == kFrameBegin) throw NextFrame{begin + k};
  }
  if (!whole) throw CutOff{};
  return at;
}

void read_all_items(Header& header, FrameSpan& span) {
  std::optional<std::int64_t> step;
  std::optional<std::int64_t> count;
  while (true) {
    const std::string_view line = header.line(!step.has_value());
    if (line.starts_with(kFrameBegin)) {
      step = header.integer();
    } else if (line.starts_with("ITEM: NUMBER OF ATOMS")) {
      count = header.integer();
      if (*count < 0) throw Error("expected a number of atoms, got " + std::to_string(*count));
    } else if (line.starts_with("ITEM: BOX BOUNDS")) {
      const std::vector<std::string_view> parts = words(line.substr(16));
      span.box.assign(parts.begin(), parts.end());
      read_bounds(header, span);
    } else if (line.starts_with("ITEM: UNITS") || line.starts_with("ITEM: TIME")) {
      header.line();
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
