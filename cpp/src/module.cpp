// SPDX-License-Identifier: MIT
// The Python module ipip._core. Loading it loads libipip, which registers ipip::halo_exchange.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <utility>

#include "ipip/error.hpp"
#include "ipip/halo.hpp"
#include "ipip/version.hpp"
#include "module_dump.hpp"
#include "module_ranks.hpp"
#include "module_student.hpp"

namespace py = pybind11;

namespace {

// `with GatherHalo(n_local, owners):` activates the exchanger for the block.
struct GatherHaloContext {
  std::shared_ptr<ipip::GatherHalo> exchanger;
  std::optional<ipip::HaloScope> scope;
};

}  // namespace

PYBIND11_MODULE(_core, module) {
  ipip::require_matching_torch();
  py::register_exception<ipip::Error>(module, "CoreError", PyExc_RuntimeError);
  module.def("built_for", [] { return IPIP_STUB; });
  module.def("version", &ipip::version);
  module.def("torch_version_built", &ipip::torch_version_built);
  module.def("torch_version_loaded", &ipip::torch_version_loaded);
  bind_dump(module);
  bind_student(module);
  bind_ranks(module);
  py::class_<GatherHaloContext>(module, "GatherHalo")
      .def(py::init([](std::int64_t n_local, std::vector<std::int64_t> owners) {
             return std::unique_ptr<GatherHaloContext>(new GatherHaloContext{
                 std::make_shared<ipip::GatherHalo>(n_local, std::move(owners)), std::nullopt});
           }),
           py::arg("n_local"), py::arg("owners"))
      .def(
          "__enter__",
          [](GatherHaloContext& self) -> GatherHaloContext& {
            self.scope.emplace(self.exchanger);
            return self;
          },
          py::return_value_policy::reference)
      .def("__exit__", [](GatherHaloContext& self, const py::args&) { self.scope.reset(); });
}
