// SPDX-License-Identifier: MIT
// The order of atoms by their ids.
#include <algorithm>
#include <numeric>

#include "dump/rows.hpp"

namespace ipip::dump {

bool places_of(const std::int64_t* ids, std::int64_t count, Scratch& scratch) {
  if (std::is_sorted(ids, ids + count)) return false;
  std::uint32_t* const places = scratch.places(count);
  std::vector<std::uint8_t>& filled = scratch.filled(count);
  bool counts = true;  // ids are 1 ... count, each once
  for (std::int64_t row = 0; row < count && counts; ++row) {
    const std::int64_t id = ids[row];
    counts = id >= 1 && id <= count && filled[static_cast<std::size_t>(id - 1)]++ == 0;
    places[row] = static_cast<std::uint32_t>(id - 1);
  }
  if (counts) return true;
  std::vector<std::uint32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [ids](std::uint32_t a, std::uint32_t b) { return ids[a] < ids[b]; });
  for (std::int64_t place = 0; place < count; ++place) {
    places[order[static_cast<std::size_t>(place)]] = static_cast<std::uint32_t>(place);
  }
  return true;
}

}  // namespace ipip::dump
