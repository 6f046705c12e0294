// SPDX-License-Identifier: MIT
// i: receiving atom, j: its neighbour, a: x, y or z.
#include "warm_up.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace ipip {

Graph warm_up_cluster(const StudentInfo& info) {
  constexpr int kEach = 2;
  const std::size_t n = kEach * info.symbols.size();
  // A helix: no two atoms coincide and none are in line, whatever their number.
  constexpr double kTurn = 2.4;  // radians from atom to atom
  std::vector<std::array<double, 3>> places(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double along = static_cast<double>(i) / static_cast<double>(n);
    places[i] = {0.3 * info.cutoff * std::cos(kTurn * static_cast<double>(i)),
                 0.3 * info.cutoff * std::sin(kTurn * static_cast<double>(i)),
                 0.6 * info.cutoff * along};
  }
  Graph graph;
  graph.n_local = static_cast<std::int64_t>(n);
  for (std::size_t i = 0; i < n; ++i) {
    graph.species.push_back(static_cast<std::int64_t>(i % info.symbols.size()));
    for (std::size_t j = 0; j < n; ++j) {
      if (i == j) continue;
      graph.receivers.push_back(static_cast<std::int64_t>(i));
      graph.neighbours.push_back(static_cast<std::int64_t>(j));
      for (int a = 0; a < 3; ++a) graph.vectors.push_back(places[j][a] - places[i][a]);
    }
  }
  return graph;
}

}  // namespace ipip
