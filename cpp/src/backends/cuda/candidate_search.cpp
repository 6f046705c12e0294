// SPDX-License-Identifier: MIT
// p: point, x: axis.
#include "candidate_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ipip/error.hpp"

namespace ipip::cuda {
namespace {

constexpr const char* kCandidates = "candidates";
// A little longer than the reach: rounding puts no point within reach two cells away.
constexpr double kRoom = 1.0 + 1e-9;
// More cells than this for each point waste memory, as in a box with a far atom.
constexpr double kCellsPerPoint = 16.0, kFewCells = 65536.0;

struct Box {
  double low[3], high[3];
};

Box box_of(const Places& places, const double* points) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Box box;
  for (int x = 0; x < 3; ++x) {
    double low = kInfinity, high = -kInfinity;
    bool finite = true;
    for (std::size_t p = 0; p < places.kinds.size(); ++p) {
      if (places.kinds[p] == Places::kAbsent) continue;
      const double at = points[3 * p + static_cast<std::size_t>(x)];
      low = std::min(low, at);
      high = std::max(high, at);
      finite = finite && std::isfinite(at);
    }
    if (!finite) {
      throw Error(
          "a position is not a number when neighbours are searched: the atoms are outside what the "
          "student was trained on, so look at the frames just before");
    }
    box.low[x] = low <= high ? low : 0.0;
    box.high[x] = low <= high ? high : 0.0;
  }
  return box;
}

// Cells as small as the reach allows, but not many more than there are points.
Cells cells_of(const Box& box, double reach, std::size_t n_points) {
  const double most = kCellsPerPoint * static_cast<double>(n_points) + kFewCells;
  Cells cells;
  for (double length = reach * kRoom;; length *= 1.25) {
    double number = 1.0, along[3];
    for (int x = 0; x < 3; ++x) {
      along[x] = std::max(1.0, std::floor((box.high[x] - box.low[x]) / length));
      number *= along[x];
    }
    if (number > most) continue;
    for (int x = 0; x < 3; ++x) {
      const double extent = box.high[x] - box.low[x];
      cells.low[x] = box.low[x];
      cells.n[x] = static_cast<int>(along[x]);
      cells.per_length[x] = cells.n[x] > 1 ? along[x] / extent : 0.0;
    }
    return cells;
  }
}

}  // namespace

CandidateSearch::CandidateSearch(Machine& machine)
    : machine_(machine),
      sorter_(machine),
      kinds_(machine),
      keys_(machine),
      first_(machine),
      sorted_(machine),
      counts_(machine),
      contacts_(machine),
      row_counts_(machine),
      staged_(machine) {}

void CandidateSearch::find_contacts(const Places& places, const double* x, Array<double> points,
                                    std::vector<std::uint8_t>& contacts) {
  const auto n_points = static_cast<std::int64_t>(places.kinds.size());
  assign(machine_, places.kinds, staged_, kinds_);
  cells_.cells = cells_of(box_of(places, x), places.reach, places.kinds.size());
  cells_.reach_squared = places.reach * places.reach;
  cells_.points = points;
  cells_.kinds = kinds_.array();
  keys_.resize(n_points);
  machine_.launch(FindCells{n_points, cells_.cells, points, kinds_.array(), keys_.array()});
  const Keys keys{n_points, keys_.array(), {}};
  sorter_.sort(keys, cells_.cells.number(), first_, sorted_, "points");
  cells_.first = first_.array();
  cells_.sorted = sorted_.array();
  counts_.resize(places.n_local);
  contacts_.resize(n_points);
  machine_.launch(CountNear{n_points, places.n_local, cells_, counts_.array(), contacts_.array()});
  contacts.assign(places.kinds.size(), 0);
  // A single rank has no remote points.
  if (std::find(places.kinds.begin(), places.kinds.end(), Places::kRemote) == places.kinds.end())
    return;
  staged_.resize(n_points);
  download(machine_, contacts_, staged_);
  machine_.wait();
  std::transform(staged_.data(), staged_.data() + n_points, contacts.begin(),
                 [](int touches) { return static_cast<std::uint8_t>(touches); });
}

void CandidateSearch::fill(Array<int> centres, Memory<int>& first, Memory<int>& neighbours) {
  row_counts_.resize(centres.size);
  machine_.launch(CountRows{centres.size, centres, counts_.array(), row_counts_.array()});
  neighbours.resize(sorter_.running_sums(row_counts_.array(), first, kCandidates));
  machine_.launch(FillNear{centres.size, cells_, centres, first.array(), neighbours.array()});
}

void CandidateSearch::sort_by_sender(Array<int> neighbours, Array<int> rows, std::int64_t n_rows,
                                     Memory<int>& sent_first, Memory<int>& sent) {
  sorter_.sort({neighbours.size, neighbours, rows}, n_rows, sent_first, sent, kCandidates);
}

}  // namespace ipip::cuda
