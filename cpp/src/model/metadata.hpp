// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipip/student.hpp"
#include "json.hpp"

namespace ipip {

/// The metadata block.
struct Metadata {
  StudentInfo info;
  std::int64_t format_version = 0;
  std::string code_digest;  ///< "sha256:..." of the TorchScript part; empty in version 1
  json::Value arguments;    ///< an object: what the architecture was built with
};

/// Checks every field of the metadata block `ipip.json` of the file `path`.
/// @throws ipip::Error  the first wrong field: its value, what was expected and what to do
Metadata parse_metadata(std::string_view text, const std::string& path);

/// Atomic number of a chemical symbol, or 0.
std::int64_t atomic_number(std::string_view symbol);

}  // namespace ipip
