// SPDX-License-Identifier: MIT
// The reader of LAMMPS text dumps for Python: buffers in, arrays of numpy out.
#include "module_dump.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <string>
#include <utility>

#include "dump/frame_span.hpp"
#include "dump/rows.hpp"
#include "ipip/error.hpp"

namespace py = pybind11;

namespace {

using ipip::dump::Found;
using ipip::dump::FrameSpan;
using ipip::dump::Kind;

// The bytes of any contiguous buffer, up to `end`.
std::string_view text_of(const py::buffer_info& info, std::size_t end) {
  const auto size = static_cast<std::size_t>(info.size * info.itemsize);
  if (end > size) throw ipip::Error("the end lies outside of the buffer");
  return {static_cast<const char*>(info.ptr), end};
}

FrameSpan find_in(const py::buffer& buffer, std::size_t begin, std::size_t end) {
  const py::buffer_info info = buffer.request();
  const std::string_view text = text_of(info, end);
  if (begin > end) throw ipip::Error("the frame begins behind the end of the buffer");
  py::gil_scoped_release release;
  return ipip::dump::find_frame(text, begin);
}

// Columns that are declared text are; of the others the first row decides.
std::vector<Kind> kinds_of(std::string_view rows, const FrameSpan& span,
                           const std::vector<std::string>& wanted,
                           const std::vector<std::string>& text_columns) {
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const std::vector<bool> numeric = ipip::dump::numeric_words(rows);
  std::vector<Kind> kinds;
  for (std::size_t column = 0; column < span.columns.size(); ++column) {
    const std::string& name = span.columns[column];
    if (!wanted.empty() && !has(wanted, name)) {
      kinds.push_back(Kind::skip);
    } else if (has(text_columns, name) || (column < numeric.size() && !numeric[column])) {
      kinds.push_back(Kind::text);
    } else {
      kinds.push_back(Kind::number);
    }
  }
  return kinds;
}

py::tuple read_rows_of(const py::buffer& buffer, const FrameSpan& span,
                       const std::vector<std::string>& wanted,
                       const std::vector<std::string>& text_columns) {
  const py::buffer_info info = buffer.request();
  if (span.found != Found::frame) throw ipip::Error("the frame is not whole");
  const std::string_view text = text_of(info, span.end).substr(span.rows);
  ipip::dump::Rows rows;
  rows.count = span.count;
  rows.kinds = kinds_of(text, span, wanted, text_columns);
  std::vector<std::string> number_names;
  std::vector<std::string> text_names;
  for (std::size_t column = 0; column < rows.kinds.size(); ++column) {
    const std::string& name = span.columns[column];
    if (rows.kinds[column] == Kind::number) {
      if (name == "id") rows.id = static_cast<int>(number_names.size());
      number_names.push_back(name);
    }
    if (rows.kinds[column] == Kind::text) text_names.push_back(name);
  }
  py::array_t<double> numbers({static_cast<std::int64_t>(number_names.size()), span.count});
  py::array_t<std::int32_t> codes({static_cast<std::int64_t>(text_names.size()), span.count});
  rows.numbers = numbers.mutable_data();
  rows.codes = codes.mutable_data();
  bool sorted = false;
  {
    py::gil_scoped_release release;
    sorted = ipip::dump::read_rows(text, rows);
  }
  return py::make_tuple(std::move(number_names), std::move(numbers), std::move(text_names),
                        std::move(codes), std::move(rows.words), sorted);
}

}  // namespace

void bind_dump(py::module_& module) {
  py::class_<FrameSpan>(module, "DumpSpan")
      .def_property_readonly("whole",
                             [](const FrameSpan& span) { return span.found == Found::frame; })
      .def_property_readonly("broken",
                             [](const FrameSpan& span) { return span.found == Found::broken; })
      .def_readonly("step", &FrameSpan::step)
      .def_readonly("count", &FrameSpan::count)
      .def_readonly("box", &FrameSpan::box)
      .def_property_readonly("bounds",
                             [](const FrameSpan& span) {
                               return py::array_t<double>({std::int64_t{3}, span.bounds_width},
                                                          span.bounds.data());
                             })
      .def_readonly("columns", &FrameSpan::columns)
      .def_readonly("end", &FrameSpan::end);
  module.def("find_dump_frame", &find_in, py::arg("buffer"), py::arg("begin"), py::arg("end"));
  module.def("read_dump_rows", &read_rows_of, py::arg("buffer"), py::arg("span"), py::arg("wanted"),
             py::arg("text_columns"));
}
