// SPDX-License-Identifier: MIT
// ipip._core.place_rank and visible_gpus: what pair_style ipip needs on each rank.
#include "bind_ranks.hpp"

#include <pybind11/stl.h>

#include <string>
#include <utility>

#include "ipip/device.hpp"

namespace py = pybind11;

namespace {

std::pair<int, std::string> visible_gpus(const std::string& backend) {
  const ipip::Gpus gpus = ipip::visible_gpus(backend);
  return {gpus.visible, gpus.why_never};
}

std::string place_rank(const std::string& request, int rank, int ranks, int gpus, bool share,
                       const std::string& why_never) {
  return ipip::place_rank(request, {rank, ranks, share}, {gpus, why_never});
}

}  // namespace

void bind_ranks(py::module_& module) {
  module.def("visible_gpus", &visible_gpus, py::arg("backend"));
  module.def("place_rank", &place_rank, py::arg("request"), py::arg("rank"), py::arg("ranks"),
             py::arg("gpus"), py::arg("share") = false, py::arg("why_never") = "");
}
