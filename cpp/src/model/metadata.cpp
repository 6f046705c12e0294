// SPDX-License-Identifier: MIT
#include "metadata.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <utility>

#include "ipip/error.hpp"
#include "json.hpp"

namespace ipip {
namespace {

constexpr std::string_view kFormat = "ipip-student";
constexpr std::int64_t kNewestVersion = 2;
constexpr std::int64_t kMostLayers = 1000, kMostHeads = 10'000, kWidestExchange = 1'000'000;
constexpr double kWidestCutoff = 50.0;  // Å
constexpr std::string_view kAgain = "export the student again with `ipip export`";

constexpr std::array<std::string_view, 118> kElements = {
    "H",  "He", "Li", "Be", "B",  "C",  "N",  "O",  "F",  "Ne", "Na", "Mg", "Al", "Si", "P",
    "S",  "Cl", "Ar", "K",  "Ca", "Sc", "Ti", "V",  "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn",
    "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",  "Zr", "Nb", "Mo", "Tc", "Ru", "Rh",
    "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I",  "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd",
    "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W",  "Re",
    "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th",
    "Pa", "U",  "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db",
    "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og"};

bool is_digest(const std::string& text) {
  constexpr std::string_view prefix = "sha256:";
  return text.size() == prefix.size() + 64 && text.starts_with(prefix) &&
         text.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
}

// Reads the fields of one block; every message starts with the file's name.
class Reader {
 public:
  Reader(const json::Value& block, const std::string& path) : block_(block), path_(path) {}

  [[noreturn]] void refuse(const std::string& what) const { throw Error(path_ + ": " + what); }

  [[noreturn]] void wrong(std::string_view name, const json::Value& value,
                          std::string_view expected) const {
    refuse(std::string(name) + " is " + value.shown() + ", expected " + std::string(expected) +
           "; " + std::string(kAgain));
  }

  const json::Value& need(std::string_view name, std::string_view expected) const {
    const json::Value* value = block_.find(name);
    if (value == nullptr) {
      refuse("its metadata has no " + std::string(name) + ", expected " + std::string(expected) +
             "; " + std::string(kAgain));
    }
    return *value;
  }

  std::string text(std::string_view name, std::string_view expected) const {
    const json::Value& value = need(name, expected);
    const auto* found = value.as<std::string>();
    if (found == nullptr || found->empty()) wrong(name, value, expected);
    return *found;
  }

  std::int64_t count(std::string_view name, std::int64_t most) const {
    const std::string expected = "a whole number from 1 to " + std::to_string(most);
    const json::Value& value = need(name, expected);
    const auto* found = value.as<std::int64_t>();
    if (found == nullptr || *found < 1 || *found > most) wrong(name, value, expected);
    return *found;
  }

  std::string digest(std::string_view name) const {
    constexpr std::string_view expected = "\"sha256:\" and 64 hexadecimal digits";
    const json::Value& value = need(name, expected);
    const auto* found = value.as<std::string>();
    if (found == nullptr || !is_digest(*found)) wrong(name, value, expected);
    return *found;
  }

  // A version that knows the field may compute something else with it.
  void only(std::initializer_list<std::string_view> names) const {
    if (block_.as<json::Object>() == nullptr) {
      refuse("its metadata is " + block_.shown() + ", expected an object; " + std::string(kAgain));
    }
    for (const auto& [name, value] : *block_.as<json::Object>()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        refuse("its metadata has a field " + name.substr(0, 60) +
               " that this version of ipip does not know; " + std::string(kAgain));
      }
    }
  }

  void object(std::string_view name) const {
    const json::Value& value = need(name, "an object");
    if (value.as<json::Object>() == nullptr) wrong(name, value, "an object");
  }

 private:
  const json::Value& block_;
  const std::string& path_;
};

// A finite number, or null if the value is not one.
const double* number(const json::Value& value, double& storage) {
  if (const auto* whole = value.as<std::int64_t>()) {
    storage = static_cast<double>(*whole);
  } else if (const auto* real = value.as<double>()) {
    storage = *real;
  } else {
    return nullptr;
  }
  return std::isfinite(storage) ? &storage : nullptr;
}

std::int64_t check_format(const Reader& reader) {
  const json::Value& format = reader.need("format", "\"ipip-student\"");
  const auto* name = format.as<std::string>();
  if (name == nullptr || *name != kFormat) {
    reader.refuse("format is " + format.shown() +
                  ", expected \"ipip-student\"; give a file written by `ipip export`");
  }
  const json::Value& version = reader.need("format_version", "1 or 2");
  const auto* number = version.as<std::int64_t>();
  if (number == nullptr || *number < 1 || *number > kNewestVersion) {
    reader.refuse("format_version is " + version.shown() + ", this ipip reads 1 to " +
                  std::to_string(kNewestVersion) +
                  "; export the student again with this version of ipip, or install the one that "
                  "wrote it");
  }
  return *number;
}

std::vector<std::string> read_symbols(const Reader& reader) {
  constexpr std::string_view expected = "a list of distinct chemical symbols";
  const json::Value& value = reader.need("symbols", expected);
  const auto* list = value.as<json::Array>();
  if (list == nullptr || list->empty()) reader.wrong("symbols", value, expected);
  std::vector<std::string> symbols;
  for (const json::Value& item : *list) {
    const auto* symbol = item.as<std::string>();
    if (symbol == nullptr ||
        std::find(kElements.begin(), kElements.end(), *symbol) == kElements.end() ||
        std::find(symbols.begin(), symbols.end(), *symbol) != symbols.end()) {
      reader.wrong("symbols", value, expected);
    }
    symbols.push_back(*symbol);
  }
  return symbols;
}

std::vector<std::int64_t> read_halo_widths(const Reader& reader, std::int64_t layers) {
  const std::string expected =
      "a list of " + std::to_string(layers - 1) + " positive widths, one between each two layers";
  const json::Value& value = reader.need("halo_widths", expected);
  const auto* list = value.as<json::Array>();
  if (list == nullptr || static_cast<std::int64_t>(list->size()) != layers - 1) {
    reader.wrong("halo_widths", value, expected);
  }
  std::vector<std::int64_t> widths;
  for (const json::Value& item : *list) {
    const auto* width = item.as<std::int64_t>();
    if (width == nullptr || *width < 1 || *width > kWidestExchange)
      reader.wrong("halo_widths", value, expected);
    widths.push_back(*width);
  }
  return widths;
}

std::vector<double> read_reference_energies(const Reader& reader,
                                            const std::vector<std::string>& symbols) {
  constexpr std::string_view expected = "one energy in eV for each of the symbols";
  const json::Value& value = reader.need("reference_energies", expected);
  const auto* members = value.as<json::Object>();
  if (members == nullptr || members->size() != symbols.size()) {
    reader.wrong("reference_energies", value, expected);
  }
  std::vector<double> energies;
  for (const std::string& symbol : symbols) {
    const json::Value* item = value.find(symbol);
    double energy = 0.0;
    if (item == nullptr || number(*item, energy) == nullptr) {
      reader.wrong("reference_energies", value, expected);
    }
    energies.push_back(energy);
  }
  return energies;
}

void check_unit(const Reader& reader, const json::Value& units, std::string_view quantity,
                std::string_view expected) {
  const json::Value* unit = units.find(quantity);
  const auto* name = unit == nullptr ? nullptr : unit->as<std::string>();
  if (name == nullptr || *name != expected) {
    reader.refuse("units." + std::string(quantity) + " is " +
                  (unit == nullptr ? "missing" : unit->shown()) + ", expected \"" +
                  std::string(expected) + "\"; " + std::string(kAgain));
  }
}

void check_training_digest(const Reader& reader) {
  const json::Value& training = reader.need("training_digest", "a digest or null");
  const auto* digest = training.as<std::string>();
  if (training.as<std::nullptr_t>() == nullptr && (digest == nullptr || !is_digest(*digest))) {
    reader.wrong("training_digest", training, "a digest or null");
  }
}

}  // namespace

std::int64_t atomic_number(std::string_view symbol) {
  const auto at = std::find(kElements.begin(), kElements.end(), symbol);
  return at == kElements.end() ? 0 : at - kElements.begin() + 1;
}

Metadata parse_metadata(std::string_view text, const std::string& path) {
  json::Value block;
  try {
    block = json::parse(text);
  } catch (const Error& error) {
    throw Error(path + ": its metadata cannot be read (" + error.what() + "); " +
                std::string(kAgain));
  }
  const Reader reader(block, path);
  Metadata metadata;
  metadata.format_version = check_format(reader);
  StudentInfo& info = metadata.info;
  info.path = path;
  info.architecture = reader.text("architecture", "the name of an architecture");
  reader.object("arguments");
  metadata.arguments = *block.find("arguments");
  info.symbols = read_symbols(reader);
  constexpr std::string_view range = "a length in angstrom above 0 and up to 50";
  const json::Value& cutoff = reader.need("cutoff", range);
  if (number(cutoff, info.cutoff) == nullptr || info.cutoff <= 0.0 || info.cutoff > kWidestCutoff) {
    reader.wrong("cutoff", cutoff, range);
  }
  info.layers = reader.count("layers", kMostLayers);
  info.halo_widths = read_halo_widths(reader, info.layers);
  constexpr std::string_view precisions = "\"float32\" or \"float64\"";
  info.dtype = reader.text("dtype", precisions);
  if (info.dtype != "float32" && info.dtype != "float64") {
    reader.wrong("dtype", {info.dtype}, precisions);
  }
  reader.object("units");
  const json::Value& units = reader.need("units", "an object");
  check_unit(reader, units, "energy", "eV");
  check_unit(reader, units, "length", "angstrom");
  info.reference_energies = read_reference_energies(reader, info.symbols);
  info.n_heads = reader.count("n_heads", kMostHeads);
  info.weights_digest = reader.digest("weights_digest");
  if (metadata.format_version > 1) metadata.code_digest = reader.digest("code_digest");
  check_training_digest(reader);
  reader.object("versions");
  info.citation = reader.text("citation", "a reference to cite");
  reader.object("training");
  reader.only({"format", "format_version", "architecture", "arguments", "symbols", "cutoff",
               "layers", "halo_widths", "dtype", "units", "reference_energies", "n_heads",
               "weights_digest", metadata.format_version > 1 ? "code_digest" : "format",
               "training_digest", "versions", "citation", "training"});
  return metadata;
}

}  // namespace ipip
