// SPDX-License-Identifier: MIT
// The safetensors layout: eight bytes with the length of a JSON header, the header with types,
// shapes and places, then the arrays' bytes without gaps.
// https://huggingface.co/docs/safetensors
#pragma once

#include <string_view>

#include "arrays.hpp"

namespace ipip {

/// @throws ipip::Error  the header or a place in it is wrong, or a type other than F32 and F64
Arrays read_safetensors(std::string_view bytes);

}  // namespace ipip
