// SPDX-License-Identifier: MIT
#include "safetensors.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "ipip/error.hpp"
#include "json.hpp"

namespace ipip {
namespace {

constexpr std::size_t kLengthSize = 8;
constexpr std::size_t kLongestHeader = 4U << 20U;  // bytes; a student has some 10 KB

std::vector<std::int64_t> integers(const json::Value* value) {
  const auto* list = value == nullptr ? nullptr : value->as<json::Array>();
  if (list == nullptr) throw Error("an array has no list of shape or of data_offsets");
  std::vector<std::int64_t> out;
  for (const json::Value& item : *list) {
    const auto* number = item.as<std::int64_t>();
    if (number == nullptr || *number < 0) {
      throw Error("an array has " + value->shown() + ", expected whole numbers, 0 or more");
    }
    out.push_back(*number);
  }
  return out;
}

Number number_type(const json::Value* value) {
  const auto* name = value == nullptr ? nullptr : value->as<std::string>();
  if (name != nullptr && *name == "F32") return Number::float32;
  if (name != nullptr && *name == "F64") return Number::float64;
  throw Error("an array has dtype " + (value == nullptr ? "none" : value->shown()) +
              ", expected F32 or F64");
}

void read_texts(const json::Value& value, std::map<std::string, std::string>& texts) {
  const auto* members = value.as<json::Object>();
  if (members == nullptr) throw Error("its __metadata__ is not a JSON object");
  for (const auto& [name, item] : *members) {
    const auto* text = item.as<std::string>();
    if (text == nullptr) throw Error("its __metadata__ has a value that is not text");
    texts.emplace(name, *text);
  }
}

}  // namespace

Arrays read_safetensors(std::string_view bytes, std::map<std::string, std::string>* texts) {
  if (bytes.size() < kLengthSize) throw Error("the length of the header is missing");
  std::uint64_t length = 0;
  for (std::size_t k = kLengthSize; k-- > 0;) {
    length = length << 8U | static_cast<unsigned char>(bytes[k]);
  }
  bytes.remove_prefix(kLengthSize);
  if (length > kLongestHeader || length > bytes.size()) {
    throw Error("the header has " + std::to_string(length) + " bytes, expected at most " +
                std::to_string(std::min(kLongestHeader, bytes.size())));
  }
  const json::Value header = json::parse(bytes.substr(0, length));
  bytes.remove_prefix(length);
  const auto* members = header.as<json::Object>();
  if (members == nullptr) throw Error("the header is not a JSON object");
  Arrays arrays;
  std::vector<std::pair<std::int64_t, std::int64_t>> places;
  std::uint64_t total = 0;
  for (const auto& [name, value] : *members) {
    if (name == "__metadata__") {
      if (texts != nullptr) read_texts(value, *texts);
      continue;
    }
    Array array;
    array.number = number_type(value.find("dtype"));
    array.shape = integers(value.find("shape"));
    const std::vector<std::int64_t> place = integers(value.find("data_offsets"));
    const std::int64_t size =
        checked_size(array.shape, array.number, bytes.size()) * bytes_of(array.number);
    if (place.size() != 2 || place[0] > place[1] || place[1] - place[0] != size ||
        static_cast<std::uint64_t>(place[1]) > bytes.size()) {
      throw Error("array " + name.substr(0, 60) + " of shape " + shape_text(array.shape) + " has " +
                  "data_offsets " + value.find("data_offsets")->shown() + ", expected " +
                  std::to_string(size) + " bytes among " + std::to_string(bytes.size()));
    }
    total += static_cast<std::uint64_t>(size);
    if (total > bytes.size()) throw Error("arrays overlap");  // before they are copied
    array.bytes = bytes.substr(static_cast<std::size_t>(place[0]), static_cast<std::size_t>(size));
    places.emplace_back(place[0], place[1]);
    arrays.emplace(name, std::move(array));
  }
  // Every byte belongs to one array.
  std::sort(places.begin(), places.end());
  std::int64_t end = 0;
  for (const auto& [from, to] : places) {
    if (from != end) throw Error("arrays overlap, or there is a gap between two");
    end = to;
  }
  if (static_cast<std::uint64_t>(end) != bytes.size()) throw Error("some bytes belong to no array");
  return arrays;
}

}  // namespace ipip
