// SPDX-License-Identifier: MIT
#include "painn_model.hpp"

#include <cstddef>
#include <string>

#include "student_arrays.hpp"

namespace ipip {
namespace {

constexpr double kNormEpsilon = 1e-8;  // as ipip.models.painn has it

// Of the arrays of a student, which are known to be there (see model/student_arrays.hpp).
std::vector<double> numbers(const Arrays& weights, const std::string& name) {
  return weights.at(name).values();
}

Linear linear(const Arrays& weights, const std::string& name) {
  const Array& weight = weights.at(name + ".weight");
  Linear out{weight.shape[0], weight.shape[1], weight.values(), {}};
  const auto bias = weights.find(name + ".bias");
  out.bias = bias != weights.end() ? bias->second.values()
                                   : std::vector<double>(static_cast<std::size_t>(out.n_out), 0.0);
  return out;
}

RadialFilter radial_filter(const ModelFile& file, const std::string& name) {
  const Linear layer = linear(file.weights, name);
  return {text_argument(file.metadata, "radial") == "gaussian",
          text_argument(file.metadata, "envelope") == "cosine",
          file.metadata.info.cutoff,
          numbers(file.weights, "basis.offsets"),
          numbers(file.weights, "basis.widths"),
          layer.weight,
          layer.bias};
}

// Rows of the readout's last layer averaged over heads.
Linear average_heads(const Linear& heads) {
  Linear out{1, heads.n_in, std::vector<double>(static_cast<std::size_t>(heads.n_in)), {0.0}};
  const auto n = static_cast<double>(heads.n_out);
  for (std::int64_t head = 0; head < heads.n_out; ++head) {
    out.bias[0] += heads.bias[static_cast<std::size_t>(head)] / n;
    for (std::int64_t k = 0; k < heads.n_in; ++k) {
      out.weight[static_cast<std::size_t>(k)] +=
          heads.weight[static_cast<std::size_t>(head * heads.n_in + k)] / n;
    }
  }
  return out;
}

}  // namespace

PainnModel read_painn(const ModelFile& file) {
  const Arrays& weights = file.weights;
  PainnModel model;
  const Array& embedding = weights.at("embedding.weight");
  model.embedding = embedding.values();
  model.n_species = embedding.shape[0];
  model.channels = embedding.shape[1];
  model.cutoff = file.metadata.info.cutoff;
  model.epsilon = kNormEpsilon;
  for (std::int64_t layer = 0; layer < file.metadata.info.layers; ++layer) {
    const std::string at = std::to_string(layer);
    const std::string message = "messages." + at + ".context.", update = "updates." + at;
    model.layers.push_back(
        {radial_filter(file, "filters." + at),
         {linear(weights, message + "0"), linear(weights, message + "2")},
         linear(weights, update + ".mix"),
         {linear(weights, update + ".context.0"), linear(weights, update + ".context.2")}});
  }
  model.readout[0] = linear(weights, "readout.0");
  model.readout[1] = average_heads(linear(weights, "readout.2"));
  model.scale = numbers(weights, "scale");
  model.offset = numbers(weights, "reference_energies");
  const std::vector<double> shift = numbers(weights, "shift");
  for (std::size_t k = 0; k < shift.size(); ++k) model.offset[k] += shift[k];
  model.zbl = flag_argument(file.metadata, "zbl");
  model.charges = numbers(weights, "core.charges");
  model.inverse_length = numbers(weights, "core.inverse_length");
  model.reach = numbers(weights, "core.reach");
  return model;
}

}  // namespace ipip
