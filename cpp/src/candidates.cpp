// SPDX-License-Identifier: MIT
// i: row, c: candidate, p: point.
#include "candidates.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include "ipip/error.hpp"

namespace ipip {
namespace {

bool within(const std::vector<std::int32_t>& values, std::int64_t lowest, std::int64_t end) {
  return std::all_of(values.begin(), values.end(),
                     [=](std::int64_t value) { return lowest <= value && value < end; });
}

bool rows_fit(const Candidates& candidates) {
  const auto n_points = static_cast<std::int64_t>(candidates.rows.size());
  const auto n_total = static_cast<std::int64_t>(candidates.species.size());
  return candidates.n_types >= 0 && candidates.n_local() <= n_total &&
         candidates.types.size() == candidates.rows.size() &&
         within(candidates.rows, -1, n_total) && within(candidates.types, 0, candidates.n_types) &&
         within(candidates.centres, 0, n_points);
}

bool lists_fit(const Candidates& candidates) {
  const auto n_points = static_cast<std::int64_t>(candidates.rows.size());
  const std::vector<std::int64_t>& first = candidates.first;
  return first.size() == candidates.centres.size() + 1 && first.front() == 0 &&
         first.back() == static_cast<std::int64_t>(candidates.neighbours.size()) &&
         std::is_sorted(first.begin(), first.end()) && within(candidates.neighbours, 0, n_points) &&
         std::all_of(candidates.neighbours.begin(), candidates.neighbours.end(),
                     [&](std::int32_t p) { return candidates.rows[p] >= 0; });
}

[[noreturn]] void refuse(const Candidates& candidates) {
  throw Error("candidates with " + std::to_string(candidates.n_local()) + " local atoms, " +
              std::to_string(candidates.species.size()) + " species, " +
              std::to_string(candidates.rows.size()) + " points, " +
              std::to_string(candidates.n_types) + " types of points and " +
              std::to_string(candidates.neighbours.size()) +
              " neighbours: the arrays do not fit each other");
}

}  // namespace

void check_candidates(const Candidates& candidates) {
  if (!rows_fit(candidates) || !lists_fit(candidates)) refuse(candidates);
}

void check_rows(const Candidates& rows) {
  if (!rows_fit(rows) || !rows.first.empty() || !rows.neighbours.empty()) refuse(rows);
}

}  // namespace ipip
