// SPDX-License-Identifier: MIT
#include "painn_model.hpp"

#include <torch/script.h>

#include <cstddef>
#include <set>

namespace ipip::fused {
namespace {

using torch::jit::Module;

Module child(const Module& module, const std::string& name) {
  return module.attr(name).toModule();
}

std::vector<double> numbers(const Module& module, const std::string& name) {
  const at::Tensor values = module.attr(name).toTensor().to(at::kCPU, at::kDouble).contiguous();
  const double* data = values.data_ptr<double>();
  return {data, data + values.numel()};
}

Linear linear(const Module& module) {
  const at::Tensor weight = module.attr("weight").toTensor();
  Linear out{weight.size(0), weight.size(1), numbers(module, "weight"), {}};
  const bool has_bias = module.hasattr("bias") && module.attr("bias").isTensor();
  out.bias = has_bias ? numbers(module, "bias")
                      : std::vector<double>(static_cast<std::size_t>(out.n_out), 0.0);
  return out;
}

RadialFilter radial_filter(const Module& module, const Module& weights) {
  const Module basis = child(module, "basis"), envelope = child(module, "envelope");
  const Linear layer = linear(weights);
  return {basis.attr("gaussian").toBool(),
          envelope.attr("cosine").toBool(),
          envelope.attr("cutoff").toDouble(),
          numbers(basis, "offsets"),
          numbers(basis, "widths"),
          layer.weight,
          layer.bias};
}

// Parameters and buffers that the evaluator takes into account.
std::set<std::string> known_names(std::int64_t layers) {
  std::set<std::string> names = {
      "reference_energies",  "scale",      "shift",         "core.charges",
      "core.inverse_length", "core.reach", "basis.offsets", "basis.widths",
      "embedding.weight"};
  const auto add_linear = [&](const std::string& name) {
    names.insert(name + ".weight");
    names.insert(name + ".bias");
  };
  add_linear("readout.0");
  add_linear("readout.2");
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const std::string at = std::to_string(layer);
    add_linear("filters." + at);
    for (const char* part : {".context.0", ".context.2"}) {
      add_linear("messages." + at + part);
      add_linear("updates." + at + part);
    }
    names.insert("updates." + at + ".mix.weight");
  }
  return names;
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

std::string refusal(const Module& module, const StudentInfo& info) {
  if (info.architecture != "painn") {
    return "its architecture is " + info.architecture + ", and the fused backend knows painn";
  }
  const std::set<std::string> known = known_names(info.layers);
  std::set<std::string> found;
  for (const auto& item : module.named_parameters()) found.insert(item.name);
  for (const auto& item : module.named_buffers()) found.insert(item.name);
  for (const std::string& name : found) {
    if (known.count(name) == 0) return "the fused backend does not know its parameter " + name;
  }
  for (const char* name : {"embedding.weight", "readout.2.weight", "updates.0.mix.weight"}) {
    if (found.count(name) == 0) return std::string("it has no parameter ") + name;
  }
  return {};
}

PainnModel read_painn(const Module& module, const StudentInfo& info) {
  PainnModel model;
  const Module embedding = child(module, "embedding");
  model.embedding = numbers(embedding, "weight");
  model.channels = embedding.attr("weight").toTensor().size(1);
  model.n_species = embedding.attr("weight").toTensor().size(0);
  model.cutoff = info.cutoff;
  for (std::int64_t layer = 0; layer < info.layers; ++layer) {
    const std::string at = std::to_string(layer);
    const Module message = child(child(child(module, "messages"), at), "context");
    const Module update = child(child(module, "updates"), at);
    const Module context = child(update, "context");
    model.epsilon = update.attr("epsilon").toDouble();
    model.layers.push_back({radial_filter(module, child(child(module, "filters"), at)),
                            {linear(child(message, "0")), linear(child(message, "2"))},
                            linear(child(update, "mix")),
                            {linear(child(context, "0")), linear(child(context, "2"))}});
  }
  const Module readout = child(module, "readout");
  model.readout[0] = linear(child(readout, "0"));
  model.readout[1] = average_heads(linear(child(readout, "2")));
  model.scale = numbers(module, "scale");
  model.offset = numbers(module, "reference_energies");
  const std::vector<double> shift = numbers(module, "shift");
  for (std::size_t k = 0; k < shift.size(); ++k) model.offset[k] += shift[k];
  model.zbl = module.attr("has_zbl").toBool();
  const Module core = child(module, "core");
  model.charges = numbers(core, "charges");
  model.inverse_length = numbers(core, "inverse_length");
  model.reach = numbers(core, "reach");
  return model;
}

}  // namespace ipip::fused
