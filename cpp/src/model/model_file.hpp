// SPDX-License-Identifier: MIT
// A model file as data: metadata and weights, read without running anything that is in it.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <string>

#include "arrays.hpp"
#include "ipip/export.hpp"
#include "metadata.hpp"
#include "uncertainty.hpp"

namespace ipip {

struct ModelFile {
  Metadata metadata;
  Arrays weights;
  std::optional<Uncertainty> uncertainty;  ///< where the file has one
};

/// Reads and checks the metadata alone.
/// @throws ipip::Error  as `read_model_file`, but for what only the weights tell
Metadata read_metadata(const std::string& path);

/// Reads a file, compares the digest of the weights, and the fields with each other.
/// @throws ipip::Error  the file is missing, cut off or damaged, not a student, of another format
///                      version, or its parts contradict each other
ModelFile read_model_file(const std::string& path);

/// The same of bytes that are at hand; `path` names them in messages.
ModelFile read_model_file(std::unique_ptr<std::istream> bytes, const std::string& path);

/// F of the readout, by which every student ends that this ipip knows; 0 for one that has none.
IPIP_API std::int64_t feature_width(const ModelFile& model);

/// Compares the digest of what TorchScript would read and run with the one that the metadata state.
/// Files of version 1 state none.
/// @throws ipip::Error  it is another one
void check_code(const ModelFile& model);

}  // namespace ipip
