// SPDX-License-Identifier: MIT
#include "dump/frame_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "dump/number.hpp"
#include "dump/open_end.hpp"
#include "ipip/error.hpp"

namespace ipip::dump {
namespace {

std::vector<ColumnPlace> places_in(const Layout& layout) {
  std::vector<ColumnPlace> places;
  const auto add = [&](int column, Source source, int index) {
    places.push_back({layout.names[static_cast<std::size_t>(column)], source, index});
  };
  if (layout.id >= 0) add(layout.id, Source::ids, 0);
  if (layout.type >= 0) add(layout.type, Source::types, 0);
  for (int k = 0; k < 3; ++k) {
    const auto at = static_cast<std::size_t>(k);
    add(layout.positions[at], Source::positions, k);
    if (layout.images) add((*layout.images)[at], Source::images, k);
    if (layout.forces) add((*layout.forces)[at], Source::forces, k);
  }
  for (std::size_t k = 0; k < layout.others.size(); ++k) {
    add(layout.others[k], Source::others, static_cast<int>(k));
  }
  return places;
}

// Whether atoms of several types are all named C, which LAMMPS does where the deck names no
// elements.
bool is_default_element(const Rows& rows, const Frame& frame) {
  if (rows.words.size() != 1 || rows.words[0] != "C" || !frame.types) return false;
  const std::int64_t* const types = frame.types.get();
  return std::any_of(types, types + frame.count,
                     [&](std::int64_t type) { return type != types[0]; });
}

[[noreturn]] void wrong_type(std::int64_t type, const std::vector<std::string>& symbols) {
  std::string all;
  for (const std::string& symbol : symbols) all += " " + symbol;
  throw Error("has type " + std::to_string(type) + ", but symbols has " +
              std::to_string(symbols.size()) + ":" + all);
}

void describe(const FrameSpan& span, Item& item) {
  item.step = span.step;
  item.units = span.units;
  item.time = span.time;
}

bool all_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char sign) { return is_blank(sign) || sign == '\n'; });
}

}  // namespace

std::vector<Item> FrameReader::read(const Block& block) {
  std::vector<Item> items;
  const std::string_view text(block.text(), block.seen);
  for (std::size_t at = 0; at < block.size;) {
    Item& item = items.emplace_back();
    item.begin = block.offset + at;
    std::size_t end = at;
    try {
      const Found found = read_frame(text, at, item, end);
      if (found == Found::incomplete && block.size == block.seen) {
        item.kind = Item::Kind::cut_off;
        if (all_blank(text.substr(at))) {
          items.pop_back();
        } else {
          read_end(text.substr(at), item);
        }
        return items;
      }
      if (found != Found::frame) item.kind = Item::Kind::broken;
      if (found == Found::incomplete) end = block.size;  // where another frame begins
    } catch (const Error& error) {
      item.kind = Item::Kind::wrong;
      item.error = error.what();
      return items;
    }
    item.end = block.offset + end;
    at = end;
  }
  return items;
}

Found FrameReader::read_frame(std::string_view text, std::size_t begin, Item& item,
                              std::size_t& end) {
  FrameSpan span = read_header(text, begin);
  describe(span, item);
  if (span.found == Found::frame) {
    // A row has at least a character and a blank a column: no memory for rows that cannot exist.
    const bool may_fit = static_cast<std::uint64_t>(span.count) <= (text.size() - span.rows) / 2;
    if (is_left_out(span) || !may_fit) {
      item.kind = Item::Kind::left_out;
      find_rows(text, span);
    } else {
      try {
        read_whole(text, span, item.frame);
      } catch (const Error& error) {
        throw Error("step " + std::to_string(span.step) + ": " + error.what());
      }
    }
  }
  end = span.end;
  return span.found;
}

bool FrameReader::is_left_out(const FrameSpan& span) const {
  return request_->steps && !request_->steps->contains(span.step);
}

// The last frame of the text, which is incomplete or lacks the final line feed.
void FrameReader::read_end(std::string_view text, Item& item) {
  item.end = item.begin;
  const FrameSpan span = read_header(text, 0);
  if (span.found != Found::frame) return;
  const OpenEnd end = open_end(text, span);
  if (end == OpenEnd::cut) return;
  if (end == OpenEnd::unsure && !request_->whole) {
    item.kind = Item::Kind::unsure;
    return;
  }
  if (is_left_out(span)) {
    item.kind = Item::Kind::left_out;
    return;
  }
  // Read as with a line feed, with room around it, as in a block.
  constexpr std::size_t kRoom = 64;
  std::string copy(kRoom, ' ');
  copy.append(text).append(1, '\n').append(kRoom, ' ');
  std::size_t ignored = 0;
  const Found found =
      read_frame(std::string_view(copy).substr(kRoom, text.size() + 1), 0, item, ignored);
  if (found == Found::frame) item.kind = Item::Kind::frame;
}

bool FrameReader::read_whole(std::string_view text, FrameSpan& span, Frame& frame) {
  update_layout(span, text);
  frame.count = span.count;
  Rows rows = arrays_for(frame);
  if (!read_rows_of(text, span, rows)) return false;
  frame.box = box_of(span);
  frame.places = places_;
  const double* const images = layout_.unwrapped ? nullptr : frame.images.get();
  frame.unwrapped = layout_.unwrapped || images != nullptr;
  if (layout_.scaled || images != nullptr) {
    frame.positions = memory_for<double>(*pool_, 3 * span.count);
    place_atoms(frame.box, layout_.scaled, span.count, frame.stored.get(), images,
                frame.positions.get());
  }
  set_numbers(rows, frame);
  frame.default_element = is_default_element(rows, frame);
  return true;
}

// A frame nearly always has the columns of the frame before it.
void FrameReader::update_layout(const FrameSpan& span, std::string_view text) {
  const std::string_view rows = span.count > 0 ? text.substr(span.rows) : std::string_view();
  if (span.columns == columns_ && !columns_.empty()) {
    if (layout_.further.empty() || rows.empty()) return;
    if (numbers_among(layout_.further, rows) == layout_.others) return;
  }
  layout_ = layout_of(span.columns, request_->columns, request_->symbols.has_value(), rows);
  columns_ = span.columns;
  places_ = std::make_shared<const std::vector<ColumnPlace>>(places_in(layout_));
}

// Makes the arrays of a frame; returns how its rows fill them.
Rows FrameReader::arrays_for(Frame& frame) {
  const std::int64_t count = frame.count;
  Rows rows{
      count, std::vector<Column>(layout_.names.size()), layout_.id, {}, request_->instructions};
  const auto three = [&](const Triple& triple, Memory<double>& array) {
    array = memory_for<double>(*pool_, 3 * count);
    double* to = array.get();
    for (const int column : triple) {
      rows.columns[static_cast<std::size_t>(column)] = {Kind::number, to++, 3, nullptr, nullptr};
    }
  };
  const auto whole = [&](int column, Memory<std::int64_t>& array) {
    if (column < 0) return;
    array = memory_for<std::int64_t>(*pool_, count);
    rows.columns[static_cast<std::size_t>(column)] = {Kind::integer, nullptr, 1, array.get(),
                                                      nullptr};
  };
  whole(layout_.id, frame.ids);
  whole(layout_.type, frame.types);
  three(layout_.positions, frame.stored);
  if (layout_.images) three(*layout_.images, frame.images);
  if (layout_.forces) three(*layout_.forces, frame.forces);
  frame.n_others = static_cast<std::int64_t>(layout_.others.size());
  frame.others = memory_for<double>(*pool_, frame.n_others * count);
  double* to = frame.others.get();
  for (const int column : layout_.others) {
    rows.columns[static_cast<std::size_t>(column)] = {Kind::number, to++, frame.n_others, nullptr,
                                                      nullptr};
  }
  if (layout_.element >= 0) {
    rows.columns[static_cast<std::size_t>(layout_.element)] = {Kind::text, nullptr, 1, nullptr,
                                                               scratch_.codes(count)};
  }
  return rows;
}

// Whether the rows are complete; if not, `span` says what was found instead.
bool FrameReader::read_rows_of(std::string_view text, FrameSpan& span, Rows& rows) {
  if (rows.instructions == Instructions::avx512) {
    const Read read = read_wide_rows(text, span.rows, rows, scratch_, span.end);
    if (read == Read::done) return true;
    if (read == Read::ran_out) {
      span.found = Found::incomplete;
      return false;
    }
  }
  find_rows(text, span);
  if (span.found != Found::frame) return false;
  const std::string_view own = text.substr(span.rows, span.end - span.rows);
  if (rows.instructions == Instructions::plain || !read_sse_rows(own, rows, scratch_)) {
    read_rows(own, rows, scratch_);
  }
  return true;
}

// Atomic numbers by type where symbols are given, else by name; none if unknown.
void FrameReader::set_numbers(const Rows& rows, Frame& frame) {
  const std::int64_t count = frame.count;
  if (request_->symbols && frame.types) {
    const std::vector<std::int64_t>& known = request_->numbers_of_types;
    const std::int64_t* const types = frame.types.get();
    frame.numbers = memory_for<std::int64_t>(*pool_, count);
    for (std::int64_t atom = 0; atom < count; ++atom) {
      const std::int64_t type = types[atom];
      if (type < 1 || type > static_cast<std::int64_t>(known.size())) {
        wrong_type(type, *request_->symbols);
      }
      frame.numbers[static_cast<std::size_t>(atom)] = known[static_cast<std::size_t>(type - 1)];
    }
    return;
  }
  if (layout_.element < 0) return;
  std::vector<std::int64_t> of_words;
  for (const std::string& word : rows.words) {
    const auto found = request_->numbers.find(word);
    if (found == request_->numbers.end() || found->second == 0) return;
    of_words.push_back(found->second);
  }
  frame.numbers = memory_for<std::int64_t>(*pool_, count);
  std::int64_t* const to = frame.numbers.get();
  const std::int32_t* const codes = scratch_.codes(count);
  for (std::int64_t atom = 0; atom < count; ++atom) {
    to[atom] = of_words[static_cast<std::size_t>(codes[atom])];
  }
}

}  // namespace ipip::dump
