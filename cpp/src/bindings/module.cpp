// SPDX-License-Identifier: MIT
// The Python module ipip._core. It loads libtorch only when a call needs it.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "bind_dump.hpp"
#include "bind_ranks.hpp"
#include "bind_student.hpp"
#include "bind_training.hpp"
#include "ipip/error.hpp"
#include "ipip/halo.hpp"
#include "ipip/version.hpp"

namespace py = pybind11;

namespace {

// `with GatherHalo(n_local, owners):` activates the exchanger for the block.
struct GatherHaloContext {
  std::shared_ptr<ipip::GatherHalo> exchanger;
  std::optional<ipip::HaloScope> scope;
};

// Messages contain file names, which may be any bytes: bytes that are not UTF-8 become surrogates,
// as in Python's paths.
void register_core_error(const py::module_& module) {
  static PyObject* core_error =
      PyErr_NewException("ipip._core.CoreError", PyExc_RuntimeError, nullptr);
  module.attr("CoreError") = py::handle(core_error);
  py::register_exception_translator([](std::exception_ptr raised) {
    try {
      if (raised) std::rethrow_exception(raised);
    } catch (const ipip::Error& error) {
      const std::string_view text = error.what();
      PyObject* message = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()),
                                               "surrogateescape");
      if (message == nullptr) return;
      PyErr_SetObject(core_error, message);
      Py_DECREF(message);
    }
  });
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  register_core_error(module);
  module.def("built_for", [] { return IPIP_STUB; });
  module.def("version", &ipip::version);
  module.def("torch_parts", &ipip::torch_parts);
  module.def("torch_version", &ipip::torch_version);
  module.def("load_operators", &ipip::require_torch_part);
  bind_dump(module);
  bind_student(module);
  bind_ranks(module);
  bind_training(module);
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
