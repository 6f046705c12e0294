// SPDX-License-Identifier: MIT
// The reader of LAMMPS text dumps for Python: buffers in, arrays of numpy out.
#include "module_dump.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "dump/box.hpp"
#include "dump/frame_span.hpp"
#include "dump/layout.hpp"
#include "dump/rows.hpp"
#include "ipip/error.hpp"

namespace py = pybind11;

namespace {

using namespace ipip::dump;
using Floats = py::array_t<double>;
using Integers = py::array_t<std::int64_t>;

// The bytes of any contiguous buffer, up to `end`.
std::string_view text_of(const py::buffer_info& info, std::size_t begin, std::size_t end) {
  const auto size = static_cast<std::size_t>(info.size * info.itemsize);
  if (end > size) throw ipip::Error("the end lies outside of the buffer");
  if (begin > end) throw ipip::Error("the frame begins behind the end of the buffer");
  return {static_cast<const char*>(info.ptr), end};
}

// Where a column is found in what `DumpParser.read` returns.
enum Source { kIds, kTypes, kPositions, kImages, kForces, kOthers };

// The arrays of one frame, and where its rows go in them.
struct Arrays {
  Rows rows;
  std::optional<Integers> ids;
  std::optional<Integers> types;
  Floats stored;  // positions as they stand in the text
  std::optional<Floats> images;
  std::optional<Floats> forces;
  Floats others;  // [count, columns]
};

class DumpParser {
 public:
  DumpParser(std::optional<std::set<std::string>> columns,
             std::map<std::string, std::int64_t> numbers,
             std::optional<std::vector<std::string>> symbols, const std::string& instructions)
      : wanted_(std::move(columns)),
        numbers_(std::move(numbers)),
        symbols_(std::move(symbols)),
        instructions_(instructions_for(instructions)) {
    for (const std::string& symbol : symbols_.value_or(std::vector<std::string>())) {
      numbers_of_types_.push_back(numbers_.at(symbol));
    }
  }

  // (found, end, step) of a frame that is not whole or not in `steps`, else all of it.
  py::tuple read(const py::buffer& buffer, std::size_t begin, std::size_t end,
                 const py::object& steps) {
    const py::buffer_info info = buffer.request();
    const std::string_view text = text_of(info, begin, end);
    FrameSpan span = read_header(text, begin);
    if (span.found != Found::frame) return short_of(span);
    const bool left_out = !steps.is_none() && !steps.contains(span.step);
    // A row has at least a character and a blank a column: no memory for rows that cannot be there.
    const bool may_fit = static_cast<std::uint64_t>(span.count) <= (text.size() - span.rows) / 2;
    if (left_out || !may_fit) {
      find_rows(text, span);
      return short_of(span);
    }
    try {
      return read_whole(text, span);
    } catch (const ipip::Error& error) {
      throw ipip::Error("step " + std::to_string(span.step) + ": " + error.what());
    }
  }

 private:
  static py::tuple short_of(const FrameSpan& span) {
    return py::make_tuple(static_cast<int>(span.found), span.end, span.step);
  }

  py::tuple read_whole(std::string_view text, FrameSpan& span) {
    update_layout(span, text);
    Arrays arrays = arrays_for(span.count);
    bool done = false;
    {
      py::gil_scoped_release release;
      done = read_rows_of(text, span, arrays.rows);
    }
    if (!done) return short_of(span);
    const Box box = box_of(span);
    Floats positions = arrays.stored;
    const double* const images =
        !layout_.unwrapped && arrays.images ? arrays.images->data() : nullptr;
    if (layout_.scaled || images != nullptr) {
      positions = Floats({span.count, std::int64_t{3}});
      place_atoms(box, layout_.scaled, span.count, arrays.stored.data(), images,
                  positions.mutable_data());
    }
    const py::tuple stored =
        py::make_tuple(places_, or_none(arrays.ids), or_none(arrays.types), arrays.stored,
                       or_none(arrays.images), or_none(arrays.forces), arrays.others);
    return py::make_tuple(static_cast<int>(span.found), span.end, span.step,
                          Floats({std::int64_t{3}, std::int64_t{3}}, box.cell.data()),
                          Floats(std::int64_t{3}, box.origin.data()),
                          py::array_t<bool>(3, box.pbc.data()), numbers_of(arrays),
                          or_none(arrays.types), or_none(arrays.ids), positions,
                          layout_.unwrapped || images != nullptr, or_none(arrays.forces), stored,
                          is_default_element(arrays));
  }

  template <class T>
  static py::object or_none(const std::optional<T>& array) {
    return array ? py::object(*array) : py::none();
  }

  // A frame's columns are those of the frame before it, nearly always.
  void update_layout(const FrameSpan& span, std::string_view text) {
    const std::string_view rows = span.count > 0 ? text.substr(span.rows) : std::string_view();
    if (span.columns == columns_ && !columns_.empty()) {
      if (layout_.further.empty() || rows.empty()) return;
      if (numbers_among(layout_.further, rows) == layout_.others) return;
    }
    layout_ = layout_of(span.columns, wanted_, symbols_.has_value(), rows);
    columns_ = span.columns;
    py::list places;
    const auto add = [&](int column, Source source, int index) {
      const std::string& name = layout_.names[static_cast<std::size_t>(column)];
      places.append(py::make_tuple(name, static_cast<int>(source), index));
    };
    if (layout_.id >= 0) add(layout_.id, kIds, 0);
    if (layout_.type >= 0) add(layout_.type, kTypes, 0);
    for (int k = 0; k < 3; ++k) {
      const auto at = static_cast<std::size_t>(k);
      add(layout_.positions[at], kPositions, k);
      if (layout_.images) add((*layout_.images)[at], kImages, k);
      if (layout_.forces) add((*layout_.forces)[at], kForces, k);
    }
    for (std::size_t k = 0; k < layout_.others.size(); ++k) {
      add(layout_.others[k], kOthers, static_cast<int>(k));
    }
    places_ = py::tuple(places);
  }

  Arrays arrays_for(std::int64_t count) {
    Arrays arrays{
        Rows{count, std::vector<Column>(layout_.names.size()), layout_.id, {}, instructions_},
        {},
        {},
        Floats({count, std::int64_t{3}}),
        {},
        {},
        Floats({count, static_cast<std::int64_t>(layout_.others.size())})};
    std::vector<Column>& columns = arrays.rows.columns;
    const auto three = [&](const Triple& triple, Floats& array) {
      double* to = array.mutable_data();
      for (const int column : triple) {
        columns[static_cast<std::size_t>(column)] = {Kind::number, to++, 3, nullptr, nullptr};
      }
    };
    const auto whole = [&](int column, std::optional<Integers>& array) {
      if (column < 0) return;
      array = Integers(count);
      columns[static_cast<std::size_t>(column)] = {Kind::integer, nullptr, 1, array->mutable_data(),
                                                   nullptr};
    };
    whole(layout_.id, arrays.ids);
    whole(layout_.type, arrays.types);
    three(layout_.positions, arrays.stored);
    if (layout_.images)
      three(*layout_.images, arrays.images.emplace(Floats({count, std::int64_t{3}})));
    if (layout_.forces)
      three(*layout_.forces, arrays.forces.emplace(Floats({count, std::int64_t{3}})));
    double* to = arrays.others.mutable_data();
    const auto stride = static_cast<std::int64_t>(layout_.others.size());
    for (const int column : layout_.others) {
      columns[static_cast<std::size_t>(column)] = {Kind::number, to++, stride, nullptr, nullptr};
    }
    if (layout_.element >= 0) {
      columns[static_cast<std::size_t>(layout_.element)] = {Kind::text, nullptr, 1, nullptr,
                                                            scratch_.codes(count)};
    }
    return arrays;
  }

  // Whether the rows are whole; if not, `span` says what else was found.
  bool read_rows_of(std::string_view text, FrameSpan& span, Rows& rows) {
    if (instructions_ == Instructions::avx512) {
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
    if (instructions_ == Instructions::plain || !read_sse_rows(own, rows, scratch_)) {
      read_rows(own, rows, scratch_);
    }
    return true;
  }

  // Atomic numbers by type where symbols are given, else by name; None where they are not known.
  py::object numbers_of(const Arrays& arrays) {
    const std::int64_t count = arrays.rows.count;
    if (symbols_ && arrays.types) {
      const std::int64_t* const types = arrays.types->data();
      const auto known = static_cast<std::int64_t>(numbers_of_types_.size());
      Integers numbers(count);
      std::int64_t* const to = numbers.mutable_data();
      for (std::int64_t atom = 0; atom < count; ++atom) {
        if (types[atom] < 1 || types[atom] > known) wrong_type(types[atom]);
        to[atom] = numbers_of_types_[static_cast<std::size_t>(types[atom] - 1)];
      }
      return std::move(numbers);
    }
    if (layout_.element < 0) return py::none();
    std::vector<std::int64_t> of_words;
    for (const std::string& word : arrays.rows.words) {
      const auto found = numbers_.find(word);
      if (found == numbers_.end() || found->second == 0) return py::none();
      of_words.push_back(found->second);
    }
    Integers numbers(count);
    std::int64_t* const to = numbers.mutable_data();
    const std::int32_t* const codes = scratch_.codes(count);
    for (std::int64_t atom = 0; atom < count; ++atom) {
      to[atom] = of_words[static_cast<std::size_t>(codes[atom])];
    }
    return std::move(numbers);
  }

  [[noreturn]] void wrong_type(std::int64_t type) const {
    std::string all;
    for (const std::string& symbol : *symbols_) all += " " + symbol;
    throw ipip::Error("has type " + std::to_string(type) + ", but symbols has " +
                      std::to_string(symbols_->size()) + ":" + all);
  }

  // Whether atoms of several types are all named C, which LAMMPS does where the deck names none.
  static bool is_default_element(const Arrays& arrays) {
    const std::vector<std::string>& words = arrays.rows.words;
    if (words.size() != 1 || words[0] != "C" || !arrays.types || arrays.rows.count == 0)
      return false;
    const std::int64_t* const types = arrays.types->data();
    return std::any_of(types, types + arrays.rows.count,
                       [&](std::int64_t type) { return type != types[0]; });
  }

  std::optional<std::set<std::string>> wanted_;
  std::map<std::string, std::int64_t> numbers_;
  std::optional<std::vector<std::string>> symbols_;
  std::vector<std::int64_t> numbers_of_types_;
  Instructions instructions_;
  std::string columns_;  // behind "ITEM: ATOMS" of the frame that the layout was made for
  Layout layout_;
  py::tuple places_;
  Scratch scratch_;
};

}  // namespace

void bind_dump(py::module_& module) {
  py::class_<DumpParser>(module, "DumpParser")
      .def(py::init<std::optional<std::set<std::string>>, std::map<std::string, std::int64_t>,
                    std::optional<std::vector<std::string>>, const std::string&>(),
           py::arg("columns"), py::arg("numbers"), py::arg("symbols"),
           py::arg("instructions") = "auto")
      .def("read", &DumpParser::read, py::arg("buffer"), py::arg("begin"), py::arg("end"),
           py::arg("steps"));
}
