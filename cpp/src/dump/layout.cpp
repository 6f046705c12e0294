// SPDX-License-Identifier: MIT
#include "dump/layout.hpp"

#include <algorithm>

#include "dump/frame_span.hpp"
#include "dump/rows.hpp"
#include "ipip/error.hpp"

namespace ipip::dump {
namespace {

struct PositionNames {
  std::array<const char*, 3> names;
  bool scaled;
  bool unwrapped;
};

// In the order of preference.
constexpr std::array<PositionNames, 4> kPositions{{{{"xu", "yu", "zu"}, false, true},
                                                   {{"x", "y", "z"}, false, false},
                                                   {{"xsu", "ysu", "zsu"}, true, true},
                                                   {{"xs", "ys", "zs"}, true, false}}};

int place_of(const std::vector<std::string>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

std::optional<Triple> triple_of(const std::vector<std::string>& names,
                                const std::array<const char*, 3>& three) {
  const Triple found{place_of(names, three[0]), place_of(names, three[1]),
                     place_of(names, three[2])};
  if (*std::min_element(found.begin(), found.end()) < 0) return std::nullopt;
  return found;
}

void find_positions(Layout& layout) {
  for (const PositionNames& known : kPositions) {
    const std::optional<Triple> found = triple_of(layout.names, known.names);
    if (!found) continue;
    layout.positions = *found;
    layout.scaled = known.scaled;
    layout.unwrapped = known.unwrapped;
    return;
  }
  std::string all;
  for (const std::string& name : layout.names) all += (all.empty() ? "" : ", ") + name;
  throw Error("has no positions; columns: " + all);
}

}  // namespace

Layout layout_of(std::string_view names, const std::optional<std::set<std::string>>& wanted,
                 bool typed, std::string_view rows) {
  Layout layout;
  layout.names = names_of(names);
  layout.id = place_of(layout.names, "id");
  layout.type = place_of(layout.names, "type");
  int element = place_of(layout.names, "element");
  const int label = place_of(layout.names, "typelabel");
  if (element < 0) element = label;
  if (!(typed && layout.type >= 0)) layout.element = element;
  find_positions(layout);
  const auto is_wanted = [&](const std::string& name) { return !wanted || wanted->contains(name); };
  const auto all_wanted = [&](const Triple& three) {
    return std::all_of(three.begin(), three.end(), [&](int column) {
      return is_wanted(layout.names[static_cast<std::size_t>(column)]);
    });
  };
  const std::optional<Triple> images = triple_of(layout.names, {"ix", "iy", "iz"});
  if (images && (!layout.unwrapped || all_wanted(*images))) layout.images = images;
  const std::optional<Triple> forces = triple_of(layout.names, {"fx", "fy", "fz"});
  if (forces && all_wanted(*forces)) layout.forces = forces;
  std::vector<bool> known(layout.names.size(), false);
  for (const int column : {layout.id, layout.type, element, label}) {
    if (column >= 0) known[static_cast<std::size_t>(column)] = true;
  }
  for (const std::optional<Triple>& three :
       {std::optional(layout.positions), layout.images, layout.forces}) {
    if (!three) continue;
    for (const int column : *three) known[static_cast<std::size_t>(column)] = true;
  }
  for (std::size_t k = 0; k < layout.names.size(); ++k) {
    if (!known[k] && is_wanted(layout.names[k])) layout.further.push_back(static_cast<int>(k));
  }
  layout.others = numbers_among(layout.further, rows);
  return layout;
}

std::vector<int> numbers_among(const std::vector<int>& columns, std::string_view rows) {
  if (columns.empty() || rows.empty()) return columns;
  const std::vector<bool> numeric = numeric_words(rows);
  std::vector<int> found;
  for (const int column : columns) {
    const auto at = static_cast<std::size_t>(column);
    if (at < numeric.size() && numeric[at]) found.push_back(column);
  }
  return found;
}

}  // namespace ipip::dump
