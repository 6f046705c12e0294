// SPDX-License-Identifier: MIT
// ipip._core.Student: a model file evaluated by libipip, for NumPy arrays.
#include "bind_student.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "candidates.hpp"
#include "ipip/backends.hpp"
#include "ipip/error.hpp"
#include "ipip/student.hpp"

namespace py = pybind11;

namespace {

template <class T>
using Column = py::array_t<T, py::array::c_style | py::array::forcecast>;
using Integers = Column<std::int64_t>;
using Indices = Column<std::int32_t>;
using Numbers = Column<double>;

// Pairs of local rows must occur in both directions, since (j, i) may stand for (i, j). Sums of
// products of hashes, a_i b_j - a_j b_i, vanish if they do (and otherwise with a chance of 2^-64).
class BothDirections {
 public:
  explicit BothDirections(std::int64_t n_local) : n_local_(n_local) {}

  void add(std::int64_t i, std::int64_t j) {
    if (j >= n_local_) return;
    const auto a = static_cast<std::uint64_t>(i), b = static_cast<std::uint64_t>(j);
    sum_ += hash(2 * a) * hash(2 * b + 1) - hash(2 * b) * hash(2 * a + 1);
  }

  void require() const {
    if (sum_ == 0) return;
    throw ipip::Error(
        "a pair of local rows occurs in one direction only: expected both directions, as "
        "ipip.graph.neighbor_list returns them");
  }

 private:
  static std::uint64_t hash(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  }

  std::int64_t n_local_;
  std::uint64_t sum_ = 0;
};

template <class T>
void assign(std::vector<T>& to, const Column<T>& from) {
  to.assign(from.data(), from.data() + from.size());
}

// A student with the buffers it keeps between calls.
class CoreStudent {
 public:
  CoreStudent(const std::string& path, const std::string& backend, int threads,
              const std::string& instruction_set, double table_error, double most_tabulated_pairs,
              bool lone_pairs, const std::string& device, double bias, double bias_width)
      : student_(path, {device,
                        threads,
                        backend,
                        instruction_set,
                        table_error,
                        most_tabulated_pairs,
                        lone_pairs,
                        {bias, bias_width}}),
        biased_(bias > 0.0) {}

  std::string backend() const { return student_.backend(); }
  double cutoff() const { return student_.info().cutoff; }
  std::vector<std::string> symbols() const { return student_.info().symbols; }
  std::string weights_digest() const { return student_.info().weights_digest; }
  bool has_uncertainty() const { return student_.has_uncertainty(); }
  double buffer_bytes() const { return student_.buffer_bytes(); }
  void warm_up() {
    const py::gil_scoped_release release;
    student_.warm_up();
  }

  py::dict compute(const Integers& species, const Integers& edge_index, const Numbers& edge_vec,
                   std::int64_t n_local, bool atom_virials, bool uncertainties) {
    take(species, edge_index, edge_vec, n_local);
    {
      const py::gil_scoped_release release;
      student_.compute(graph_, {atom_virials, uncertainties}, results_);
      // After the checks of rows and order.
      BothDirections directions(n_local);
      for (std::size_t e = 0; e < graph_.receivers.size(); ++e) {
        directions.add(graph_.receivers[e], graph_.neighbours[e]);
      }
      directions.require();
    }
    return results({atom_virials, uncertainties});
  }

  void set_candidates(const Integers& species, const Indices& rows, const Indices& types,
                      const Indices& centres, const Integers& first, const Indices& neighbours,
                      std::int32_t n_types) {
    auto candidates = std::make_unique<ipip::Candidates>();
    assign(candidates->species, species);
    assign(candidates->rows, rows);
    assign(candidates->types, types);
    assign(candidates->centres, centres);
    assign(candidates->first, first);
    assign(candidates->neighbours, neighbours);
    candidates->n_types = n_types;
    const py::gil_scoped_release release;
    candidates_.reset();  // none if the new ones are refused
    ipip::check_candidates(*candidates);
    BothDirections directions(candidates->n_local());
    for (std::int64_t i = 0; i < candidates->n_local(); ++i) {
      for (std::int64_t c = candidates->first[i]; c < candidates->first[i + 1]; ++c) {
        directions.add(i, candidates->rows[candidates->neighbours[c]]);
      }
    }
    directions.require();
    student_.set_candidates(*candidates);
    candidates_ = std::move(candidates);
  }

  bool finds_candidates() const { return student_.finds_candidates(); }

  py::array_t<std::uint8_t> find_contacts(const Column<std::uint8_t>& kinds, const Numbers& points,
                                          std::int64_t n_local, double reach) {
    if (points.ndim() != 2 || points.shape(1) != 3 || points.shape(0) != kinds.size()) {
      throw ipip::Error("expected points of shape [n_points, 3] and as many kinds");
    }
    ipip::Places places;
    assign(places.kinds, kinds);
    places.n_local = n_local;
    places.reach = reach;
    std::vector<std::uint8_t> contacts;
    {
      const py::gil_scoped_release release;
      student_.find_contacts(places, points.data(), contacts);
    }
    return py::array_t<std::uint8_t>(static_cast<py::ssize_t>(contacts.size()), contacts.data());
  }

  py::tuple find_candidates(const Integers& species, const Indices& rows, const Indices& types,
                            const Indices& centres, std::int32_t n_types) {
    auto candidates = std::make_unique<ipip::Candidates>();
    assign(candidates->species, species);
    assign(candidates->rows, rows);
    assign(candidates->types, types);
    assign(candidates->centres, centres);
    candidates->n_types = n_types;
    {
      const py::gil_scoped_release release;
      candidates_.reset();
      student_.find_candidates(*candidates);
      student_.fetch_candidates(*candidates);
    }
    candidates_ = std::move(candidates);
    return py::make_tuple(py::cast(candidates_->first), py::cast(candidates_->neighbours));
  }

  py::dict compute_points(const Numbers& points, bool atom_virials, bool uncertainties,
                          bool totals) {
    if (points.ndim() != 2 || points.shape(1) != 3) {
      throw ipip::Error("expected points of shape [n_points, 3]");
    }
    if (candidates_ == nullptr) throw ipip::Error("no candidates were given");
    const ipip::Wanted wanted{atom_virials, uncertainties, totals};
    {
      const py::gil_scoped_release release;
      student_.compute(points.data(), points.shape(0), wanted, results_);
    }
    py::dict out = results(wanted);
    out["closest"] = copy(results_.closest, {-1});
    return out;
  }

  py::dict device_calls() const {
    py::dict out;
    for (const auto& [name, count] : student_.device_calls()) out[py::str(name)] = count;
    return out;
  }

  py::object features(const Integers& species, const Integers& edge_index,
                      const Numbers& edge_vec) {
    take(species, edge_index, edge_vec, species.size());
    std::vector<double> rows;
    {
      const py::gil_scoped_release release;
      student_.features(graph_, rows);
    }
    return copy(rows, {species.size(), student_.feature_width()});
  }

 private:
  void take(const Integers& species, const Integers& edge_index, const Numbers& edge_vec,
            std::int64_t n_local) {
    if (species.ndim() != 1 || edge_index.ndim() != 2 || edge_index.shape(0) != 2 ||
        edge_vec.ndim() != 2 || edge_vec.shape(1) != 3 ||
        edge_vec.shape(0) != edge_index.shape(1)) {
      throw ipip::Error(
          "expected species [n_total], edge_index [2, n_edges] and edge_vec [n_edges, 3]: pass "
          "what ipip.graph.neighbor_list returns");
    }
    const std::int64_t n_pairs = edge_vec.shape(0);
    graph_.n_local = n_local;
    assign(graph_.species, species);
    graph_.receivers.assign(edge_index.data(), edge_index.data() + n_pairs);
    graph_.neighbours.assign(edge_index.data() + n_pairs, edge_index.data() + 2 * n_pairs);
    graph_.vectors.assign(edge_vec.data(), edge_vec.data() + 3 * n_pairs);
  }

  py::dict results(const ipip::Wanted& wanted) const {
    py::dict out;
    out["energy"] = results_.energy;
    out["n_pairs"] = results_.n_pairs;
    out["atom_energies"] = copy(results_.atom_energies, {-1});
    out["forces"] = copy(results_.forces, {-1, 3});
    out["virial"] = copy({results_.virial.begin(), results_.virial.end()}, {3, 3});
    if (wanted.uncertainties) out["uncertainties"] = copy(results_.uncertainties, {-1});
    if (biased_) out["bias_energies"] = copy(results_.bias_energies, {-1});
    if (wanted.atom_virials) out["atom_virials"] = copy(results_.atom_virials, {-1, 3, 3});
    return out;
  }

  static py::object copy(const std::vector<double>& values, std::vector<py::ssize_t> shape) {
    return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data())
        .attr("reshape")(shape);
  }

  ipip::Student student_;
  ipip::Graph graph_;
  std::unique_ptr<ipip::Candidates> candidates_;  // the student reads them
  ipip::Results results_;
  bool biased_;
};

}  // namespace

void bind_student(py::module_& module) {
  module.def("current_backend_name", &ipip::current_backend_name, py::arg("name"));
  module.def(
      "kernels_refusal",
      [](const std::string& path) {
        return ipip::kernels_refusal(ipip::read_info(path).architecture);
      },
      py::arg("path"));
  module.def("architecture_refusal", &ipip::kernels_refusal, py::arg("architecture"));
  module.def("training_refusal", &ipip::training_refusal, py::arg("architecture"),
             py::arg("device"));
  module.def(
      "check_file", [](const std::string& path) { return ipip::check_file(path).weights_digest; },
      py::arg("path"));
  py::class_<CoreStudent>(module, "Student")
      .def(py::init<const std::string&, const std::string&, int, const std::string&, double, double,
                    bool, const std::string&, double, double>(),
           py::arg("path"), py::arg("backend") = "auto", py::arg("threads") = 1,
           py::arg("instruction_set") = "auto", py::arg("table_error") = 0.0,
           py::arg("most_tabulated_pairs") = -1.0, py::arg("lone_pairs") = true,
           py::arg("device") = "cpu", py::arg("bias") = 0.0, py::arg("bias_width") = 2.0)
      .def_property_readonly("backend", &CoreStudent::backend)
      .def_property_readonly("cutoff", &CoreStudent::cutoff)
      .def_property_readonly("symbols", &CoreStudent::symbols)
      .def_property_readonly("weights_digest", &CoreStudent::weights_digest)
      .def_property_readonly("has_uncertainty", &CoreStudent::has_uncertainty)
      .def_property_readonly("buffer_bytes", &CoreStudent::buffer_bytes)
      .def_property_readonly("device_calls", &CoreStudent::device_calls)
      .def("features", &CoreStudent::features, py::arg("species"), py::arg("edge_index"),
           py::arg("edge_vec"))
      .def("warm_up", &CoreStudent::warm_up)
      .def("compute", &CoreStudent::compute, py::arg("species"), py::arg("edge_index"),
           py::arg("edge_vec"), py::arg("n_local"), py::arg("atom_virials") = false,
           py::arg("uncertainties") = false)
      .def("set_candidates", &CoreStudent::set_candidates, py::arg("species"), py::arg("rows"),
           py::arg("types"), py::arg("centres"), py::arg("first"), py::arg("neighbours"),
           py::arg("n_types"))
      .def_property_readonly("finds_candidates", &CoreStudent::finds_candidates)
      .def("find_contacts", &CoreStudent::find_contacts, py::arg("kinds"), py::arg("points"),
           py::arg("n_local"), py::arg("reach"))
      .def("find_candidates", &CoreStudent::find_candidates, py::arg("species"), py::arg("rows"),
           py::arg("types"), py::arg("centres"), py::arg("n_types"))
      .def("compute_points", &CoreStudent::compute_points, py::arg("points"),
           py::arg("atom_virials") = false, py::arg("uncertainties") = false,
           py::arg("totals") = true);
}
