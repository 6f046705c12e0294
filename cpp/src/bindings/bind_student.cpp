// SPDX-License-Identifier: MIT
// ipip._core.Student: a model file evaluated by libipip, for arrays of numpy.
#include "bind_student.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "ipip/error.hpp"
#include "ipip/student.hpp"

namespace py = pybind11;

namespace {

using Integers = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>;
using Numbers = py::array_t<double, py::array::c_style | py::array::forcecast>;

// The kernels let pair (j, i) stand for (i, j), so local rows must have both. Sums of products of
// hashes, a_i b_j - a_j b_i, vanish where they do (and else with a chance of 2^-64).
void require_both_directions(const ipip::Graph& graph) {
  const auto hash = [](std::uint64_t x) {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  };
  std::uint64_t sum = 0;
  for (std::size_t e = 0; e < graph.receivers.size(); ++e) {
    const auto i = static_cast<std::uint64_t>(graph.receivers[e]);
    const auto j = static_cast<std::uint64_t>(graph.neighbours[e]);
    if (j >= static_cast<std::uint64_t>(graph.n_local)) continue;
    sum += hash(2 * i) * hash(2 * j + 1) - hash(2 * j) * hash(2 * i + 1);
  }
  if (sum != 0) {
    throw ipip::Error(
        "a pair of local rows is there in one direction only: expected each in both, as "
        "ipip.graph.neighbor_list returns them");
  }
}

// A student with the buffers it keeps between calls.
class CoreStudent {
 public:
  CoreStudent(const std::string& path, const std::string& backend, int threads,
              const std::string& instruction_set, double table_error, double most_tabulated_pairs,
              bool lone_pairs)
      : student_(path, options(backend, threads, instruction_set, table_error, most_tabulated_pairs,
                               lone_pairs)),
        fused_(student_.backend().starts_with("fused")) {}

  std::string backend() const { return student_.backend(); }
  double cutoff() const { return student_.info().cutoff; }
  std::vector<std::string> symbols() const { return student_.info().symbols; }
  std::string weights_digest() const { return student_.info().weights_digest; }
  double buffer_bytes() const { return student_.buffer_bytes(); }

  py::dict compute(const Integers& species, const Integers& edge_index, const Numbers& edge_vec,
                   std::int64_t n_local, bool atom_virials) {
    take(species, edge_index, edge_vec, n_local);
    {
      py::gil_scoped_release release;
      student_.compute(graph_, atom_virials, results_);
      if (fused_) require_both_directions(graph_);  // after the checks of rows and order
    }
    py::dict out;
    out["energy"] = results_.energy;
    out["atom_energies"] = copy(results_.atom_energies.data(), {n_local});
    out["forces"] = copy(results_.forces.data(), {species.size(), 3});
    out["virial"] = copy(results_.virial.data(), {3, 3});
    if (atom_virials) {
      out["atom_virials"] = copy(results_.atom_virials.data(), {species.size(), 3, 3});
    }
    return out;
  }

  py::array_t<double> features(const Integers& species, const Integers& edge_index,
                               const Numbers& edge_vec) {
    take(species, edge_index, edge_vec, species.size());
    std::vector<double> rows;
    {
      py::gil_scoped_release release;
      student_.features(graph_, rows);
    }
    return copy(rows.data(), {species.size(), student_.feature_width()});
  }

 private:
  void take(const Integers& species, const Integers& edge_index, const Numbers& edge_vec,
            std::int64_t n_local) {
    if (species.ndim() != 1 || edge_index.ndim() != 2 || edge_index.shape(0) != 2 ||
        edge_vec.ndim() != 2 || edge_vec.shape(1) != 3 ||
        edge_vec.shape(0) != edge_index.shape(1)) {
      throw ipip::Error(
          "expected species [n_total], edge_index [2, n_edges] and edge_vec [n_edges, 3]: give "
          "what ipip.graph.neighbor_list returns");
    }
    const std::int64_t n_pairs = edge_vec.shape(0);
    graph_.n_local = n_local;
    graph_.species.assign(species.data(), species.data() + species.size());
    graph_.receivers.assign(edge_index.data(), edge_index.data() + n_pairs);
    graph_.neighbours.assign(edge_index.data() + n_pairs, edge_index.data() + 2 * n_pairs);
    graph_.vectors.assign(edge_vec.data(), edge_vec.data() + 3 * n_pairs);
  }

  static ipip::RunOptions options(const std::string& backend, int threads,
                                  const std::string& instruction_set, double table_error,
                                  double most_tabulated_pairs, bool lone_pairs) {
    ipip::RunOptions out;
    out.backend = backend;
    out.threads = threads;
    out.instruction_set = instruction_set;
    out.table_error = table_error;
    out.most_tabulated_pairs = most_tabulated_pairs;
    out.lone_pairs = lone_pairs;
    return out;
  }

  static py::array_t<double> copy(const double* data, std::vector<py::ssize_t> shape) {
    py::array_t<double> out(shape);
    std::copy_n(data, out.size(), out.mutable_data());
    return out;
  }

  ipip::Student student_;
  bool fused_;
  ipip::Graph graph_;
  ipip::Results results_;
};

}  // namespace

void bind_student(py::module_& module) {
  module.def("kernels_refusal", &ipip::kernels_refusal, py::arg("path"));
  module.def(
      "check_file", [](const std::string& path) { return ipip::check_file(path).weights_digest; },
      py::arg("path"));
  py::class_<CoreStudent>(module, "Student")
      .def(py::init<const std::string&, const std::string&, int, const std::string&, double, double,
                    bool>(),
           py::arg("path"), py::arg("backend") = "auto", py::arg("threads") = 1,
           py::arg("instruction_set") = "auto", py::arg("table_error") = 0.0,
           py::arg("most_tabulated_pairs") = -1.0, py::arg("lone_pairs") = true)
      .def_property_readonly("backend", &CoreStudent::backend)
      .def_property_readonly("cutoff", &CoreStudent::cutoff)
      .def_property_readonly("symbols", &CoreStudent::symbols)
      .def_property_readonly("weights_digest", &CoreStudent::weights_digest)
      .def_property_readonly("buffer_bytes", &CoreStudent::buffer_bytes)
      .def("features", &CoreStudent::features, py::arg("species"), py::arg("edge_index"),
           py::arg("edge_vec"))
      .def("compute", &CoreStudent::compute, py::arg("species"), py::arg("edge_index"),
           py::arg("edge_vec"), py::arg("n_local"), py::arg("atom_virials") = false);
}
