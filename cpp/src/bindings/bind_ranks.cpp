// SPDX-License-Identifier: MIT
// ipip._core.ResidentStudent and ipip._core.place_rank: what pair_style ipip does on each rank.
#include "bind_ranks.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ipip/device.hpp"
#include "ipip/error.hpp"
#include "ipip/student.hpp"

namespace py = pybind11;

namespace {

using Integers = std::vector<std::int64_t>;
using Numbers = py::array_t<double, py::array::c_style | py::array::forcecast>;

// A student whose candidate pairs stay on its device.
class ResidentStudent {
 public:
  ResidentStudent(const std::string& path, const std::string& device)
      : student_(path, options(device)) {}

  std::string backend() const { return student_.backend(); }
  double buffer_bytes() const { return student_.buffer_bytes(); }
  void warm_up() {
    py::gil_scoped_release release;
    student_.warm_up();
  }

  void set_candidates(Integers species, Integers receivers, Integers neighbours, Integers from,
                      Integers to, Integers kinds, std::int64_t n_local, std::int64_t n_kinds) {
    ipip::Candidates candidates;
    candidates.n_local = n_local;
    candidates.n_kinds = n_kinds;
    candidates.species = std::move(species);
    candidates.receivers = std::move(receivers);
    candidates.neighbours = std::move(neighbours);
    candidates.from = std::move(from);
    candidates.to = std::move(to);
    candidates.kinds = std::move(kinds);
    student_.set_candidates(candidates);
  }

  py::dict compute(const Numbers& points, bool atom_virials) {
    if (points.ndim() != 2 || points.shape(1) != 3) {
      throw ipip::Error("expected points of shape [n_points, 3]");
    }
    {
      py::gil_scoped_release release;
      student_.compute(points.data(), points.shape(0), atom_virials, results_);
    }
    py::dict out;
    out["energy"] = results_.energy;
    out["n_pairs"] = results_.n_pairs;
    out["atom_energies"] = copy(results_.atom_energies, {-1});
    out["forces"] = copy(results_.forces, {-1, 3});
    out["virial"] = copy({results_.virial.begin(), results_.virial.end()}, {3, 3});
    out["closest"] = copy(results_.closest, {-1});
    if (atom_virials) out["atom_virials"] = copy(results_.atom_virials, {-1, 3, 3});
    return out;
  }

 private:
  static ipip::RunOptions options(const std::string& device) {
    ipip::RunOptions out;
    out.backend = "torchscript";
    out.device = device;
    return out;
  }

  static py::object copy(const std::vector<double>& values, std::vector<py::ssize_t> shape) {
    return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data())
        .attr("reshape")(shape);
  }

  ipip::Student student_;
  ipip::Results results_;
};

std::string place_rank(const std::string& request, int rank, int ranks, int gpus, bool share,
                       bool cuda) {
  return ipip::place_rank(request, {rank, ranks, gpus, share}, cuda);
}

}  // namespace

void bind_ranks(py::module_& module) {
  module.def("built_with_cuda", &ipip::built_with_cuda);
  module.def("visible_gpus", &ipip::visible_gpus);
  module.def("place_rank", &place_rank, py::arg("request"), py::arg("rank"), py::arg("ranks"),
             py::arg("gpus"), py::arg("share") = false, py::arg("cuda") = true);
  py::class_<ResidentStudent>(module, "ResidentStudent")
      .def(py::init<const std::string&, const std::string&>(), py::arg("path"),
           py::arg("device") = "cpu")
      .def_property_readonly("backend", &ResidentStudent::backend)
      .def_property_readonly("buffer_bytes", &ResidentStudent::buffer_bytes)
      .def("warm_up", &ResidentStudent::warm_up)
      .def("set_candidates", &ResidentStudent::set_candidates, py::arg("species"),
           py::arg("receivers"), py::arg("neighbours"), py::arg("from_points"),
           py::arg("to_points"), py::arg("kinds"), py::arg("n_local"), py::arg("n_kinds"))
      .def("compute", &ResidentStudent::compute, py::arg("points"),
           py::arg("atom_virials") = false);
}
