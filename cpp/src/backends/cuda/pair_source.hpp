// SPDX-License-Identifier: MIT
// Where the pairs of a step come from: vectors of a graph, or candidates and positions. Both lie on
// the device, with the list of what each row sends.
#pragma once

#include <cstdint>
#include <vector>

#include "candidate_search.hpp"
#include "ipip/student.hpp"
#include "machine.hpp"
#include "memory.hpp"

namespace ipip::cuda {

class PairSource {
 public:
  explicit PairSource(Machine& machine);

  /// Sets the pairs of a graph and their vectors.
  /// @throws ipip::Error  pairs are not ordered by receiver, an index or species is out of
  ///                      range, or there are too many
  void assign(const Graph& graph, std::int64_t n_species);

  /// Sets candidates, whose arrays were checked to fit each other.
  /// @throws ipip::Error  a species is out of range, or there are too many
  void assign(const Candidates& candidates, std::int64_t n_species, double cutoff);

  /// Finds which points touch other ranks, see `Student::find_contacts`; `find` continues the
  /// search for candidates.
  void find_contacts(const Places& places, const double* points,
                     std::vector<std::uint8_t>& contacts);

  /// Sets rows, and finds their candidates among the points of `find_contacts`.
  /// @throws ipip::Error  as `assign`
  void find(const Candidates& rows, std::int64_t n_species, double cutoff);

  /// Copies `first` and `neighbours` of the candidates found.
  void fetch(Candidates& candidates) const;

  /// Sets the positions of a step, [n_points, 3] Å, which travel with the next `queue_positions`.
  void place(const double* points);

  /// Queues the input of a step: positions, and the cutoff as the smallest distance so far.
  void queue_positions();
  /// Queues the results of a step.
  void queue_results();

  /// Smallest distances found, by kind of pair of types, Å.
  void closest(std::vector<double>& distances) const;

  /// The kernel's arguments that belong to this source.
  template <class T>
  FindPairs<T> pair_search() const {
    FindPairs<T> out;
    out.n_local = n_local_;
    out.given = given_;
    out.points = points_.array();
    out.rows = rows_.array();
    out.types = types_.array();
    out.centres = centres_.array();
    out.neighbours = neighbours_.array();
    out.vectors = vectors_.array();
    out.n_types = n_types_;
    out.closest = closest_.array();
    return out;
  }

  std::int64_t n_local() const { return n_local_; }
  std::int64_t n_total() const { return species_.size(); }
  /// Local rows up to the last that may have a pair with a halo row.
  std::int64_t n_outer() const { return n_outer_; }
  std::int64_t n_candidates() const { return neighbours_.size(); }
  /// Whether vectors were set, once, instead of points.
  bool given() const { return given_; }
  /// Changes with each assignment.
  std::uint64_t generation() const { return generation_; }
  Array<int> first() const { return first_.array(); }
  Array<int> species() const { return species_.array(); }
  Array<int> sent_first() const { return sent_first_.array(); }
  Array<int> sent() const { return sent_.array(); }
  double host_bytes() const;

 private:
  void assign_rows(const std::vector<std::int64_t>& species, std::int64_t n_species);
  void assign_points(const Candidates& candidates, std::int64_t n_species, double cutoff);
  void assign_lists(const std::vector<std::int32_t>& first,
                    const std::vector<std::int32_t>& senders);

  Machine& machine_;
  bool given_ = true;
  std::uint64_t generation_ = 0;
  std::int64_t n_local_ = 0, n_outer_ = 0;
  int n_types_ = 0;
  Memory<int> species_;                 // [n_total]
  Memory<int> first_;                   // [n_local + 1]
  Memory<int> neighbours_;              // [n_candidates] points, or rows of a graph
  Memory<int> rows_, types_;            // [n_points]
  Memory<int> centres_;                 // [n_local]
  Memory<int> sent_first_;              // [n_total + 1]
  Memory<int> sent_;                    // [n_candidates]
  Memory<double> points_;               // [n_points, 3]
  Memory<double> vectors_;              // [n_candidates, 3]
  Memory<unsigned long long> closest_;  // [n_types, n_types]
  CandidateSearch search_;
  std::vector<std::uint8_t> contacts_;  // [n_points] of the search
  HostMemory<int> staged_;              // what goes to the device with other candidates
  HostMemory<double> host_points_;
  HostMemory<unsigned long long> host_start_, host_closest_;
};

}  // namespace ipip::cuda
