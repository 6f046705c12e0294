// SPDX-License-Identifier: MIT
#include "dump/column_plan.hpp"

#include <algorithm>
#include <cstddef>

namespace ipip::dump {

Plan plan_for(const Rows& rows) {
  Plan plan;
  std::vector<Quad>& quads = plan.quads;
  const auto width = static_cast<std::int64_t>(rows.columns.size());
  for (std::int64_t k = 0; k < width; ++k) {
    const Column& column = rows.columns[static_cast<std::size_t>(k)];
    if (column.kind == Kind::text) plan.text = k;
    if (column.kind == Kind::integer && k != rows.id) plan.integers.push_back(k);
    if (column.kind != Kind::number) continue;
    if (!quads.empty()) {
      Quad& last = quads.back();
      if (last.count < 4 && k == last.first + last.count && column.stride == last.stride &&
          column.numbers == last.to + last.count) {
        ++last.count;
        continue;
      }
    }
    quads.push_back({k, 1, column.numbers, column.stride});
  }
  std::vector<std::int64_t> waiting = plan.integers;
  if (rows.id >= 0) waiting.insert(waiting.begin(), rows.id);
  plan.integers.clear();
  auto quad = quads.begin();
  for (const std::int64_t column : waiting) {
    quad = std::find_if(quad, quads.end(), [](const Quad& one) { return one.count < 4; });
    if (quad == quads.end()) {
      if (column != rows.id) plan.integers.push_back(column);
      continue;
    }
    quad->fourth = column;
    quad->integers = rows.columns[static_cast<std::size_t>(column)].integers;
    if (column == rows.id) {
      std::iter_swap(quads.begin(), quad);
      plan.id_first = true;
      quad = quads.begin();
    }
    ++quad;
  }
  return plan;
}

}  // namespace ipip::dump
