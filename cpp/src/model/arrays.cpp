// SPDX-License-Identifier: MIT
#include "arrays.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "ipip/error.hpp"
#include "sha256.hpp"

namespace ipip {
namespace {

constexpr std::size_t kMostExtents = 8;

template <class T>
std::vector<double> widened(const std::string& bytes) {
  std::vector<T> numbers(bytes.size() / sizeof(T));
  if (!numbers.empty()) std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(T));
  return {numbers.begin(), numbers.end()};
}

}  // namespace

std::int64_t Array::size() const {
  std::int64_t n = 1;
  for (const std::int64_t extent : shape) n *= extent;
  return n;
}

std::vector<double> Array::values() const {
  return number == Number::float32 ? widened<float>(bytes) : widened<double>(bytes);
}

const char* name_of(Number number) {
  return number == Number::float32 ? "float32" : "float64";
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t extent : shape) {
    text += (text.empty() ? "" : ", ") + std::to_string(extent);
  }
  return '(' + text + (shape.size() == 1 ? ",)" : ")");
}

std::int64_t checked_size(const std::vector<std::int64_t>& shape, Number number,
                          std::uint64_t most_bytes) {
  const std::int64_t most = static_cast<std::int64_t>(most_bytes) / bytes_of(number);
  std::int64_t n = 1;
  bool fits = true;
  if (shape.size() > kMostExtents) {
    throw Error("an array has " + std::to_string(shape.size()) + " extents, expected at most " +
                std::to_string(kMostExtents));
  }
  for (const std::int64_t extent : shape) {
    fits = fits && extent >= 0 && (extent == 0 || n <= most / extent);
    if (fits) n *= extent;
  }
  if (!fits || n > most) {
    throw Error("an array of shape " + shape_text(shape) + " does not fit " +
                std::to_string(most_bytes) + " bytes");
  }
  return n;
}

std::string digest_of(const Arrays& arrays) {
  Sha256 total;
  for (const auto& [name, array] : arrays) {
    total.update(name + "|torch." + name_of(array.number) + '|' + shape_text(array.shape) + '|');
    total.update(array.bytes);
  }
  return total.digest();
}

}  // namespace ipip
