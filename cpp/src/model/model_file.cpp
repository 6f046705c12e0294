// SPDX-License-Identifier: MIT
#include "model_file.hpp"

#include <cstdint>
#include <utility>

#include "ipip/error.hpp"
#include "pickled_arrays.hpp"
#include "printable.hpp"
#include "safetensors.hpp"
#include "sha256.hpp"
#include "student_arrays.hpp"
#include "zip_entries.hpp"

namespace ipip {
namespace {

constexpr std::string_view kMetadata = "extra/ipip.json";
constexpr std::string_view kWeights = "extra/ipip.safetensors";
constexpr std::string_view kUncertainty = "extra/ipip-uncertainty.safetensors";
constexpr std::string_view kSerialization = ".data/serialization_id";  // of the archive as a whole
constexpr std::uint64_t kLargestMetadata = 4U << 20U;                  // bytes; a student has 1 KB

Metadata read_block(const ZipEntries& archive, const std::string& path) {
  const ZipEntry* record = archive.find(kMetadata);
  if (record == nullptr) {
    const std::string what = archive.find("constants.pkl") != nullptr
                                 ? "a TorchScript file but not a student (it has no ipip.json)"
                                 : "an archive but not TorchScript (a training checkpoint?)";
    throw Error(path + ": this is " + what + "; give a student written by `ipip export`");
  }
  return parse_metadata(archive.read(*record, kLargestMetadata), path);
}

Arrays read_weights(const ZipEntries& archive, std::int64_t version) {
  if (version == 1) return read_pickled_arrays(archive);
  const ZipEntry* record = archive.find(kWeights);
  if (record == nullptr) throw Error("it has no ipip.safetensors");
  return read_safetensors(archive.read(*record, record->stored_size));
}

// Of a student that ends in a readout.
std::optional<Uncertainty> read_uncertainty(const ZipEntries& archive, const ModelFile& model) {
  const ZipEntry* record = archive.find(kUncertainty);
  const std::int64_t width = feature_width(model);
  if (record == nullptr || width == 0) return std::nullopt;
  try {
    return parse_uncertainty(archive.read(*record, record->stored_size), model.metadata.info,
                             width);
  } catch (const Error& error) {
    archive.refuse("its ipip-uncertainty.safetensors cannot be read (" + std::string(error.what()) +
                   ")");
  }
}

ModelFile read(const ZipEntries& archive, const std::string& path) {
  ModelFile model;
  model.metadata = read_block(archive, path);
  try {
    model.weights = read_weights(archive, model.metadata.format_version);
  } catch (const Error& error) {
    const std::string what = error.what();
    if (what.starts_with(path + ": ")) throw;
    archive.refuse("its weights cannot be read (" + what + ")");
  }
  const std::string& stated = model.metadata.info.weights_digest;
  if (digest_of(model.weights) != stated) {
    archive.refuse("the weights' digest is not " + stated.substr(0, 19) +
                   "... as its metadata say, so the file was changed");
  }
  check_student_arrays(model.metadata, model.weights, path);
  model.uncertainty = read_uncertainty(archive, model);
  return model;
}

// Messages quote names and values of the file, which may be anything.
template <class Read>
auto told_in_one_line(const std::string& path, Read&& read) {
  try {
    return read();
  } catch (const Error& error) {
    const std::string_view what = error.what();
    if (!what.starts_with(path)) throw Error(printable(what));
    throw Error(path + printable(what.substr(path.size())));  // a path may be of any bytes
  }
}

void compare_code(const ModelFile& model) {
  const std::string& stated = model.metadata.code_digest;
  if (stated.empty()) return;
  const ZipEntries archive(model.metadata.info.path);
  Sha256 total;
  for (const ZipEntry& entry : archive.all()) {
    if (entry.name == kMetadata || entry.name == kWeights || entry.name == kSerialization) continue;
    total.update(entry.name + '|' + std::to_string(entry.method) + '|' +
                 std::to_string(entry.stored_size) + '|');
    archive.each_piece(entry, [&](std::string_view piece) { total.update(piece); });
  }
  if (total.digest() != stated) {
    archive.refuse("the digest of its TorchScript is not " + stated.substr(0, 19) +
                   "... as its metadata say, so the file was changed");
  }
}

}  // namespace

ModelFile read_model_file(const std::string& path) {
  return told_in_one_line(path, [&] { return read(ZipEntries(path), path); });
}

ModelFile read_model_file(std::unique_ptr<std::istream> bytes, const std::string& path) {
  return told_in_one_line(path, [&] { return read(ZipEntries(std::move(bytes), path), path); });
}

std::int64_t feature_width(const ModelFile& model) {
  const auto readout = model.weights.find("readout.0.weight");
  if (readout == model.weights.end() || readout->second.shape.size() != 2) return 0;
  return readout->second.shape[1];
}

void check_code(const ModelFile& model) {
  told_in_one_line(model.metadata.info.path, [&] { compare_code(model); });
}

Metadata read_metadata(const std::string& path) {
  return told_in_one_line(path, [&] { return read_block(ZipEntries(path), path); });
}

StudentInfo check_file(const std::string& path) {
  return read_model_file(path).metadata.info;
}

StudentInfo read_info(const std::string& path) {
  return read_metadata(path).info;
}

}  // namespace ipip
