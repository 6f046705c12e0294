// SPDX-License-Identifier: MIT
// F: channels, R: radial functions, H: readout heads, Z: elements, K: parts of ViSNet's gate.
#include "student_arrays.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numbers>
#include <set>
#include <string>
#include <vector>

#include "ipip/error.hpp"

namespace ipip {
namespace {

constexpr std::int64_t kLargestArgument = 1'000'000;
constexpr double kCoulomb = 14.399645478;  // eV Å, as ipip.models.zbl has it

using Shape = std::vector<std::int64_t>;
using Shapes = std::map<std::string, Shape>;

[[noreturn]] void contradict(const std::string& what, const std::string& is,
                             const std::string& expected) {
  throw Error(what + " is " + is + ", expected " + expected +
              ": the fields of the file contradict each other; export the student again");
}

const json::Value& argument(const Metadata& metadata, const std::string& name) {
  const json::Value* value = metadata.arguments.find(name);
  if (value == nullptr) {
    contradict("arguments." + name, "missing", "one of " + metadata.info.architecture);
  }
  return *value;
}

std::string text_of(double value) {
  return json::Value{value}.shown();
}

// Fields that the metadata and the arguments both have.
void compare_arguments(const Metadata& metadata, std::int64_t layers_without_argument) {
  const StudentInfo& info = metadata.info;
  const auto compare = [&](const std::string& name, const json::Value& expected) {
    const json::Value* found = metadata.arguments.find(name);
    if (found == nullptr) return;
    const auto number = [](const json::Value& value) {
      const auto* whole = value.as<std::int64_t>();
      const auto* real = value.as<double>();
      return whole != nullptr  ? static_cast<double>(*whole)
             : real != nullptr ? *real
                               : std::nan("");
    };
    const bool same = found->as<std::string>() != nullptr ? found->shown() == expected.shown()
                                                          : number(*found) == number(expected);
    if (!same) contradict(name, expected.shown(), "arguments." + name + ", " + found->shown());
  };
  compare("cutoff", {info.cutoff});
  compare("layers", {info.layers - layers_without_argument});
  compare("n_heads", {info.n_heads});
  compare("dtype", {info.dtype});
}

void add_linear(Shapes& shapes, const std::string& name, std::int64_t n_in, std::int64_t n_out,
                bool bias = true) {
  shapes[name + ".weight"] = {n_out, n_in};
  if (bias) shapes[name + ".bias"] = {n_out};
}

void add_norm(Shapes& shapes, const std::string& name, std::int64_t width) {
  shapes[name + ".weight"] = shapes[name + ".bias"] = {width};
}

void add_readout(Shapes& shapes, std::int64_t F, std::int64_t H) {
  add_linear(shapes, "readout.0", F, F / 2);
  add_linear(shapes, "readout.2", F / 2, H);
}

// Arrays of ipip.models.painn.
Shapes painn_shapes(const Metadata& metadata) {
  const std::int64_t F = integer_argument(metadata, "channels"),
                     R = integer_argument(metadata, "n_radial"),
                     Z = static_cast<std::int64_t>(metadata.info.symbols.size());
  Shapes shapes;
  add_readout(shapes, F, metadata.info.n_heads);
  shapes["basis.offsets"] = shapes["basis.widths"] = {R};
  shapes["embedding.weight"] = {Z, F};
  for (std::int64_t layer = 0; layer < metadata.info.layers; ++layer) {
    const std::string at = std::to_string(layer);
    add_linear(shapes, "filters." + at, R, 3 * F);
    add_linear(shapes, "messages." + at + ".context.0", F, F);
    add_linear(shapes, "messages." + at + ".context.2", F, 3 * F);
    add_linear(shapes, "updates." + at + ".mix", F, 2 * F, false);
    add_linear(shapes, "updates." + at + ".context.0", 2 * F, F);
    add_linear(shapes, "updates." + at + ".context.2", F, 3 * F);
  }
  return shapes;
}

void add_attention(Shapes& shapes, const std::string& layer, std::int64_t F, std::int64_t K) {
  add_norm(shapes, layer + ".norm", F);
  for (const char* part : {"query", "key", "value", "edge_key", "edge_value"}) {
    add_linear(shapes, layer + ".attention." + part, F, F);
  }
  add_linear(shapes, layer + ".gate.linear", F, K * F);
}

// Arrays of ipip.models.visnet.
Shapes visnet_shapes(const Metadata& metadata) {
  const std::int64_t F = integer_argument(metadata, "channels"),
                     R = integer_argument(metadata, "n_radial"),
                     Z = static_cast<std::int64_t>(metadata.info.symbols.size()),
                     layers = integer_argument(metadata, "layers");
  Shapes shapes;
  add_readout(shapes, F, metadata.info.n_heads);
  shapes["basis.centres"] = shapes["basis.sharpness"] = {R};
  shapes["embedding.weight"] = shapes["neighbour_embedding.weight"] = {Z, F};
  add_linear(shapes, "neighbour_filter", R, F);
  add_linear(shapes, "combine", 2 * F, F);
  add_linear(shapes, "edge_filter", R, F);
  add_attention(shapes, "first", F, 1);
  add_linear(shapes, "first.output", F, F);
  for (std::int64_t k = 0; k + 1 < layers; ++k) {
    const std::string layer = "later." + std::to_string(k);
    add_attention(shapes, layer, F, 2);
    add_linear(shapes, layer + ".mix", F, 3 * F, false);
    add_linear(shapes, layer + ".output", F, 3 * F);
    if (k + 2 == layers) continue;  // nothing reads the edges after the last layer
    add_linear(shapes, layer + ".edge_update.filter", F, F);
    add_linear(shapes, layer + ".edge_update.receiver_mix", F, F, false);
    add_linear(shapes, layer + ".edge_update.neighbour_mix", F, F, false);
  }
  add_norm(shapes, "norm", F);
  add_linear(shapes, "invariants.norm_mix", F, F, false);
  add_linear(shapes, "invariants.vector_mix", F, F / 2, false);
  add_linear(shapes, "invariants.context.0", 2 * F, F);
  add_linear(shapes, "invariants.context.2", F, 2 * (F / 2));
  add_linear(shapes, "invariants.last_norm_mix", F / 2, F / 2, false);
  return shapes;
}

// What an atom sends in each exchange of the module.
Shape halo_widths(const Metadata& metadata) {
  const std::int64_t F = integer_argument(metadata, "channels");
  Shape widths(static_cast<std::size_t>(metadata.info.layers - 1));
  if (metadata.info.architecture == "painn") {
    std::fill(widths.begin(), widths.end(), 4 * F);
    return widths;
  }
  const std::int64_t degree = integer_argument(metadata, "lmax") + 1;
  std::fill(widths.begin(), widths.end(), degree * degree * F);
  if (!widths.empty()) widths[0] = F;
  return widths;
}

void compare_shape(const std::string& name, const Array& array, const Shape& shape,
                   const std::string& dtype) {
  if (array.shape != shape) {
    contradict(name, "of shape " + shape_text(array.shape), shape_text(shape));
  }
  if (name_of(array.number) != dtype) contradict(name, name_of(array.number), dtype);
}

// Weights of a known architecture: exactly the expected ones, with their shapes.
void compare_shapes(const Shapes& network, const Shapes& energies, const Arrays& arrays,
                    const std::string& dtype) {
  for (const auto* shapes : {&network, &energies}) {
    for (const auto& [name, shape] : *shapes) {
      const auto found = arrays.find(name);
      if (found == arrays.end()) contradict("weight " + name, "missing", shape_text(shape));
      compare_shape("weight " + name, found->second, shape, shapes == &network ? dtype : "float64");
    }
  }
  for (const auto& [name, array] : arrays) {
    if (network.count(name) == 0 && energies.count(name) == 0) {
      contradict("weight " + name.substr(0, 60), "present", "none of this name");
    }
  }
}

// Arrays that every student has, in float64: Z is the number of elements.
Shapes energy_shapes(std::int64_t Z) {
  return {{"reference_energies", {Z}},
          {"scale", {Z}},
          {"shift", {Z}},
          {"core.charges", {Z, Z}},
          {"core.inverse_length", {Z, Z}},
          {"core.reach", {Z, Z}}};
}

void compare_reference_energies(const StudentInfo& info, const Array& array) {
  const std::vector<double> found = array.values();
  for (std::size_t k = 0; k < found.size(); ++k) {
    if (found[k] != info.reference_energies[k]) {
      contradict("reference_energies." + info.symbols[k], text_of(info.reference_energies[k]),
                 "that of the weights, " + text_of(found[k]));
    }
  }
}

// The charges of the ZBL core are products of atomic numbers, so other elements, or another order
// of them, show here.
void compare_elements(const StudentInfo& info, const Array& array) {
  const std::vector<double> charges = array.values();
  const std::size_t n = info.symbols.size();
  for (std::size_t k = 0; k < n; ++k) {
    const double z = std::sqrt(charges[k * n + k] / kCoulomb);
    const auto expected = static_cast<double>(atomic_number(info.symbols[k]));
    if (!(std::abs(z - expected) < 0.01)) {
      contradict("symbols[" + std::to_string(k) + "]", info.symbols[k],
                 "the element with atomic number " + text_of(std::round(z)) + " of the weights");
    }
  }
}

// Waves are multiples of pi over the cutoff; Gaussians go from 0 to the cutoff.
void compare_cutoff(const Metadata& metadata, const Arrays& arrays) {
  const double cutoff = metadata.info.cutoff;
  double found = cutoff;
  if (metadata.info.architecture == "painn") {
    const std::vector<double> offsets = arrays.at("basis.offsets").values();
    found = text_argument(metadata, "radial") == "gaussian" ? offsets.back()
                                                            : std::numbers::pi / offsets.front();
  }
  if (!(std::abs(found - cutoff) < 1e-4 * cutoff)) {
    contradict("cutoff", text_of(cutoff), "that of the radial basis, " + text_of(found));
  }
}

void compare_choice(const Metadata& metadata, const std::string& name, const char* one,
                    const char* other) {
  const std::string value = text_argument(metadata, name);
  if (value != one && value != other) {
    contradict("arguments." + name, json::Value{value}.shown(), std::string(one) + " or " + other);
  }
}

// An argument that is not known could change what the network computes.
void compare_names(const Metadata& metadata) {
  static const std::set<std::string> common = {"cutoff", "channels", "layers",  "n_radial",
                                               "zbl",    "envelope", "n_heads", "dtype"};
  static const std::set<std::string> painn = {"radial", "shared_filters"};
  static const std::set<std::string> visnet = {"lmax", "attention_heads", "published"};
  const auto& own = metadata.info.architecture == "painn" ? painn : visnet;
  for (const auto& [name, value] : *metadata.arguments.as<json::Object>()) {
    if (common.count(name) == 0 && own.count(name) == 0) {
      contradict("arguments." + name.substr(0, 60), value.shown(), "none of this name");
    }
  }
}

// Filters that the layers share are stored once for each layer.
void compare_shared_filters(const Metadata& metadata, const Arrays& arrays) {
  if (metadata.arguments.find("shared_filters") == nullptr) return;
  if (!flag_argument(metadata, "shared_filters")) return;
  for (const char* part : {".weight", ".bias"}) {
    const auto& first = arrays.at(std::string("filters.0") + part).bytes;
    for (std::int64_t layer = 1; layer < metadata.info.layers; ++layer) {
      const std::string name = "filters." + std::to_string(layer) + part;
      if (arrays.at(name).bytes != first) {
        contradict("weight " + name, "another", "that of filters.0, which the layers share");
      }
    }
  }
}

void compare(const Metadata& metadata, const Arrays& arrays) {
  const StudentInfo& info = metadata.info;
  const bool painn = info.architecture == "painn", visnet = info.architecture == "visnet";
  compare_arguments(metadata, visnet ? 1 : 0);
  if (painn || visnet) {
    compare_names(metadata);
    for (const char* name : {"cutoff", "layers", "n_heads", "dtype"}) argument(metadata, name);
    compare_choice(metadata, "envelope", "polynomial", "cosine");
    if (painn) compare_choice(metadata, "radial", "sinc", "gaussian");
    const Shape widths = halo_widths(metadata);
    if (info.halo_widths != widths) {
      contradict("halo_widths", shape_text(info.halo_widths), shape_text(widths));
    }
  }
  const Shapes energies = energy_shapes(static_cast<std::int64_t>(info.symbols.size()));
  if (painn || visnet) {
    compare_shapes(painn ? painn_shapes(metadata) : visnet_shapes(metadata), energies, arrays,
                   info.dtype);
    compare_cutoff(metadata, arrays);
    compare_shared_filters(metadata, arrays);
  }
  for (const auto& [name, shape] : energies) {
    const auto found = arrays.find(name);
    if (found == arrays.end()) continue;
    compare_shape("weight " + name, found->second, shape, "float64");
    if (name == "reference_energies") compare_reference_energies(info, found->second);
    if (name == "core.charges") compare_elements(info, found->second);
  }
}

}  // namespace

std::int64_t integer_argument(const Metadata& metadata, const std::string& name) {
  const json::Value& value = argument(metadata, name);
  const auto* number = value.as<std::int64_t>();
  if (number == nullptr || *number < 1 || *number > kLargestArgument) {
    contradict("arguments." + name, value.shown(), "a whole number from 1 to 1000000");
  }
  return *number;
}

std::string text_argument(const Metadata& metadata, const std::string& name) {
  const json::Value& value = argument(metadata, name);
  const auto* text = value.as<std::string>();
  if (text == nullptr) contradict("arguments." + name, value.shown(), "a name");
  return *text;
}

bool flag_argument(const Metadata& metadata, const std::string& name) {
  const json::Value& value = argument(metadata, name);
  const auto* flag = value.as<bool>();
  if (flag == nullptr) contradict("arguments." + name, value.shown(), "true or false");
  return *flag;
}

void check_student_arrays(const Metadata& metadata, const Arrays& arrays, const std::string& path) {
  try {
    compare(metadata, arrays);
  } catch (const Error& error) {
    throw Error(path + ": " + error.what());
  }
}

}  // namespace ipip
