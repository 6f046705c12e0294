// SPDX-License-Identifier: MIT
// A model file as data: metadata and weights, read without running anything in it.
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
  std::optional<Uncertainty> uncertainty;  ///< if the file has one
};

/// Reads and checks the metadata alone.
/// @throws ipip::Error  as `read_model_file`, except for what only the weights show
Metadata read_metadata(const std::string& path);

/// Reads a file, compares the digest of the weights, and the fields with each other.
/// @throws ipip::Error  the file is missing, cut off or damaged, not a student, of another format
///                      version, or its parts contradict each other
ModelFile read_model_file(const std::string& path);

/// The same for bytes in memory; `path` names them in messages.
ModelFile read_model_file(std::unique_ptr<std::istream> bytes, const std::string& path);

/// F of the readout, with which every student of this ipip ends; 0 for a student without one.
IPIP_API std::int64_t feature_width(const ModelFile& model);

/// Compares the digest of what TorchScript would read and run with the one that the metadata state.
/// Files of version 1 state none.
/// @throws ipip::Error  the digests differ
void check_code(const ModelFile& model);

}  // namespace ipip
