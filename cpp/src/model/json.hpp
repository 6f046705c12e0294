// SPDX-License-Identifier: MIT
// A strict reader of JSON (RFC 8259) for the metadata block and the header of the weights.
//
// Small on purpose: the torch wheel ships no JSON library, and LAMMPS' copy is out of bounds here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ipip::json {

struct Value;
using Array = std::vector<Value>;
/// Members in the order of the text; names are unique.
using Object = std::vector<std::pair<std::string, Value>>;

/// A JSON value. A number without fraction and exponent that fits 64 bits is an integer.
struct Value {
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> data;

  /// The content when it has type T, else null.
  template <typename T>
  const T* as() const {
    return std::get_if<T>(&data);
  }

  /// The member of that name, or null if this is not an object or has no such member.
  const Value* find(std::string_view name) const;

  /// The value as short text for messages, cut at about 60 characters.
  std::string shown() const;
};

/// Parses the whole text; `ipip::Error` gives the position of the first mistake.
Value parse(std::string_view text);

}  // namespace ipip::json
