// SPDX-License-Identifier: MIT
// The safetensors layout: eight bytes with the length of a JSON header, the header with types,
// shapes and places, then the arrays' bytes without gaps.
// https://huggingface.co/docs/safetensors
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "arrays.hpp"

namespace ipip {

/// @param bytes  of the record
/// @param texts  receives the texts beside the arrays (`__metadata__`), by name; may be null
/// @throws ipip::Error  the header or a place in it is wrong, or a type other than F32 and F64
Arrays read_safetensors(std::string_view bytes,
                        std::map<std::string, std::string>* texts = nullptr);

}  // namespace ipip
