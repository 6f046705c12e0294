// SPDX-License-Identifier: MIT
// ipip._core.DeviceTraining: the training kernels of GPUs. Tensors are passed by address, so that
// no libtorch is needed here.
#include "bind_training.hpp"

#include <pybind11/stl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "device_training.hpp"
#include "ipip/error.hpp"

namespace py = pybind11;

namespace {

using Addresses = std::map<std::string, std::uintptr_t>;

void* at(const Addresses& addresses, const char* name) {
  const auto found = addresses.find(name);
  if (found == addresses.end()) throw ipip::Error(std::string("no address of ") + name);
  return reinterpret_cast<void*>(found->second);
}

std::unique_ptr<ipip::DeviceTraining> make(const std::string& device, bool float64, bool gaussian,
                                           bool cosine, double cutoff, std::vector<double> offsets,
                                           std::vector<double> widths, std::int64_t n_species,
                                           std::int64_t channels, std::int64_t layers,
                                           std::int64_t readout, double epsilon,
                                           double table_error) {
  ipip::TrainingShape shape;
  shape.radial = {gaussian, cosine, cutoff, std::move(offsets), std::move(widths), {}, {}};
  shape.n_species = n_species;
  shape.channels = channels;
  shape.layers = layers;
  shape.readout = readout;
  shape.epsilon = epsilon;
  shape.table_error = table_error;
  return ipip::make_device_training(shape, device, float64);
}

void evaluate(ipip::DeviceTraining& training, std::int64_t n, std::int64_t n_pairs,
              std::int64_t n_frames, const Addresses& addresses, std::uintptr_t stream) {
  ipip::TrainingFrames frames;
  frames.n = n;
  frames.n_pairs = n_pairs;
  frames.n_frames = n_frames;
  frames.weights = at(addresses, "weights");
  frames.species = at(addresses, "species");
  frames.frames = at(addresses, "frames");
  frames.first = at(addresses, "first");
  frames.receivers = at(addresses, "receivers");
  frames.neighbours = at(addresses, "neighbours");
  frames.vectors = at(addresses, "vectors");
  frames.piece = at(addresses, "piece");
  frames.piece_first = at(addresses, "piece_first");
  frames.piece_pairs = at(addresses, "piece_pairs");
  frames.sent_first = at(addresses, "sent_first");
  frames.sent = at(addresses, "sent");
  frames.scale = at(addresses, "scale");
  frames.offset = at(addresses, "offset");
  if (addresses.count("charges") > 0) {
    frames.core[0] = at(addresses, "charges");
    frames.core[1] = at(addresses, "inverse_length");
    frames.core[2] = at(addresses, "reach");
  }
  frames.sums = at(addresses, "sums");
  frames.forces = at(addresses, "forces");
  training.evaluate(frames, reinterpret_cast<void*>(stream));
}

void gradients(ipip::DeviceTraining& training, const Addresses& addresses, std::uintptr_t stream) {
  training.gradients({at(addresses, "energy"), at(addresses, "forces"), at(addresses, "strain"),
                      at(addresses, "weights")},
                     reinterpret_cast<void*>(stream));
}

}  // namespace

void bind_training(py::module_& module) {
  py::class_<ipip::DeviceTraining>(module, "DeviceTraining")
      .def(py::init(&make), py::kw_only(), py::arg("device"), py::arg("float64"),
           py::arg("gaussian"), py::arg("cosine"), py::arg("cutoff"), py::arg("offsets"),
           py::arg("widths"), py::arg("n_species"), py::arg("channels"), py::arg("layers"),
           py::arg("readout"), py::arg("epsilon"), py::arg("table_error"))
      .def_property_readonly("n_weights", &ipip::DeviceTraining::n_weights)
      .def_property_readonly("pieces", &ipip::DeviceTraining::pieces)
      .def_property_readonly("description", &ipip::DeviceTraining::description)
      .def("evaluate", &evaluate, py::arg("n"), py::arg("n_pairs"), py::arg("n_frames"),
           py::arg("addresses"), py::arg("stream"))
      .def("gradients", &gradients, py::arg("addresses"), py::arg("stream"));
}
