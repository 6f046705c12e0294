// SPDX-License-Identifier: MIT
// The reader of LAMMPS text dumps for Python: files in, NumPy arrays out.
#include "bind_dump.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dump/frame.hpp"
#include "dump/frame_queue.hpp"
#include "dump/rows.hpp"
#include "dump/text_blocks.hpp"
#include "ipip/error.hpp"

namespace py = pybind11;

namespace {

using namespace ipip::dump;

// An object with `readinto`. Only threads that run Python may read it.
class PythonSource : public TextSource {
 public:
  explicit PythonSource(const py::object& source) : readinto_(source.attr("readinto")) {}

  std::size_t read(char* to, std::size_t size) override {
    const py::gil_scoped_acquire hold;
    const py::object count =
        readinto_(py::memoryview::from_memory(to, static_cast<py::ssize_t>(size)));
    return count.is_none() ? 0 : count.cast<std::size_t>();
  }

 private:
  py::object readinto_;
};

// An array that owns its memory; None for no array.
template <class T>
py::object array_of(Memory<T>& memory, std::vector<py::ssize_t> shape) {
  if (!memory) return py::none();
  T* const data = memory.release();
  const py::capsule owner(data, &MemoryPool::give_back);
  return py::array_t<T>(std::move(shape), data, owner);
}

// The frames of one file.
class DumpFrames {
 public:
  explicit DumpFrames(std::unique_ptr<FrameQueue> queue) : queue_(std::move(queue)) {}
  ~DumpFrames() { close(); }
  DumpFrames(const DumpFrames&) = delete;
  DumpFrames& operator=(const DumpFrames&) = delete;

  // The next item as (kind, step, begin, end, ...); None at the end.
  py::object next() {
    if (at_ == items_.size()) {
      if (!queue_) return py::none();
      at_ = 0;
      items_.clear();
      const py::gil_scoped_release release;
      items_ = queue_->next();
    }
    if (items_.empty()) return py::none();
    Item& item = items_[at_++];
    if (item.kind == Item::Kind::wrong) throw ipip::Error(item.error);
    if (item.kind != Item::Kind::frame) {
      return py::make_tuple(static_cast<int>(item.kind), item.step, item.begin, item.end);
    }
    return tuple_of(item);
  }

  void close() {
    items_.clear();
    at_ = 0;
    if (!queue_) return;
    if (!queue_->is_here()) {
      static_cast<void>(queue_.release());
      return;
    }
    {
      const py::gil_scoped_release release;
      queue_->close();
    }
    queue_.reset();
  }

 private:
  py::tuple tuple_of(Item& item) {
    Frame& frame = item.frame;
    const auto count = static_cast<py::ssize_t>(frame.count);
    const py::object ids = array_of(frame.ids, {count});
    const py::object types = array_of(frame.types, {count});
    const py::object stored = array_of(frame.stored, {count, 3});
    const py::object positions = frame.positions ? array_of(frame.positions, {count, 3}) : stored;
    const py::object images = array_of(frame.images, {count, 3});
    const py::object forces = array_of(frame.forces, {count, 3});
    const py::object others =
        array_of(frame.others, {count, static_cast<py::ssize_t>(frame.n_others)});
    return py::make_tuple(
        static_cast<int>(item.kind), item.step, item.begin, item.end,
        py::array_t<double>({3, 3}, frame.box.cell.data()),
        py::array_t<double>(3, frame.box.origin.data()), py::array_t<bool>(3, frame.box.pbc.data()),
        array_of(frame.numbers, {count}), types, ids, positions, frame.unwrapped, forces,
        py::make_tuple(places_of(frame), ids, types, stored, images, forces, others),
        frame.default_element, item.time, units_of(item));
  }

  static py::object units_of(const Item& item) {
    if (item.units.empty()) return py::none();
    return py::str(item.units);
  }

  // Frames mostly have the columns of the frame before.
  const py::tuple& places_of(const Frame& frame) {
    if (known_ != frame.places && (!known_ || *known_ != *frame.places)) {
      py::list places;
      for (const ColumnPlace& place : *frame.places) {
        places.append(py::make_tuple(place.name, static_cast<int>(place.source), place.index));
      }
      places_ = py::tuple(places);
    }
    known_ = frame.places;
    return places_;
  }

  std::unique_ptr<FrameQueue> queue_;
  std::vector<Item> items_;
  std::size_t at_ = 0;
  std::shared_ptr<const std::vector<ColumnPlace>> known_;
  py::tuple places_;
};

// What is requested from the files of a dump.
class DumpParser {
 public:
  DumpParser(std::optional<std::set<std::string>> columns,
             std::map<std::string, std::int64_t> numbers,
             std::optional<std::vector<std::string>> symbols, const std::string& instructions,
             const std::optional<std::set<std::int64_t>>& steps, bool whole) {
    auto request = std::make_shared<Request>();
    request->columns = std::move(columns);
    request->numbers = std::move(numbers);
    request->symbols = std::move(symbols);
    if (steps) request->steps.emplace(steps->begin(), steps->end());
    request->instructions = instructions_for(instructions);
    request->whole = whole;
    for (const std::string& symbol : request->symbols.value_or(std::vector<std::string>())) {
      request->numbers_of_types.push_back(request->numbers.at(symbol));
    }
    request_ = std::move(request);
  }

  std::unique_ptr<DumpFrames> open(const py::object& source, std::size_t offset, bool ahead,
                                   std::size_t piece) const {
    std::unique_ptr<TextSource> text;
    if (py::isinstance<py::int_>(source)) {
      text = std::make_unique<FileSource>(source.cast<int>());
    } else if (!ahead) {
      text = std::make_unique<PythonSource>(source);
    } else {
      throw ipip::Error("only a file given by its descriptor can be read ahead");
    }
    return std::make_unique<DumpFrames>(
        std::make_unique<FrameQueue>(request_, std::move(text), offset, ahead, piece));
  }

 private:
  std::shared_ptr<const Request> request_;
};

}  // namespace

void bind_dump(py::module_& module) {
  py::class_<DumpFrames>(module, "DumpFrames")
      .def("next", &DumpFrames::next)
      .def("close", &DumpFrames::close);
  py::class_<DumpParser>(module, "DumpParser")
      .def(py::init<std::optional<std::set<std::string>>, std::map<std::string, std::int64_t>,
                    std::optional<std::vector<std::string>>, const std::string&,
                    const std::optional<std::set<std::int64_t>>&, bool>(),
           py::arg("columns"), py::arg("numbers"), py::arg("symbols"),
           py::arg("instructions") = "auto", py::arg("steps") = py::none(),
           py::arg("whole") = false)
      .def("open", &DumpParser::open, py::arg("source"), py::arg("offset") = 0,
           py::arg("ahead") = false, py::arg("piece") = TextBlocks::kPiece);
}
