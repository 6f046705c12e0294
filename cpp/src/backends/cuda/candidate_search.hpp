// SPDX-License-Identifier: MIT
// Candidates found on the device, by a list of cells.
#pragma once

#include <cstdint>
#include <vector>

#include "ipip/student.hpp"
#include "machine.hpp"
#include "memory.hpp"
#include "sorter.hpp"

namespace ipip::cuda {

class CandidateSearch {
 public:
  explicit CandidateSearch(Machine& machine);

  /// Sorts points into cells, and finds which of them touch other ranks.
  /// @param places    of the points
  /// @param x         [n_points, 3] Å, on the host
  /// @param points    the same on the device, which stay as they are until `fill`
  /// @param contacts  [n_points] overwritten, see `Student::find_contacts`
  /// @throws ipip::Error  a position is not a number
  void find_contacts(const Places& places, const double* x, Array<double> points,
                     std::vector<std::uint8_t>& contacts);

  /// The candidates of rows whose atoms are the points `centres`: [n_rows + 1] and [n_candidates].
  void fill(Array<int> centres, Memory<int>& first, Memory<int>& neighbours);

  /// Candidates by the row of their sender, each in their order.
  /// @param rows  [n_points] row that a point shows
  void sort_by_sender(Array<int> neighbours, Array<int> rows, std::int64_t n_rows,
                      Memory<int>& sent_first, Memory<int>& sent);

  double host_bytes() const { return staged_.bytes(); }

 private:
  Machine& machine_;
  Sorter sorter_;
  CellPoints cells_;
  Memory<int> kinds_, keys_, first_, sorted_, counts_, contacts_, row_counts_;
  HostMemory<int> staged_;  // kinds, then contacts
};

}  // namespace ipip::cuda
