// SPDX-License-Identifier: MIT
// i: receiving row, j: sending row, c: candidate.
#include "pair_source.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "index_limit.hpp"
#include "ipip/error.hpp"

namespace ipip::cuda {

PairSource::PairSource(Machine& machine)
    : machine_(machine),
      species_(machine),
      first_(machine),
      neighbours_(machine),
      rows_(machine),
      types_(machine),
      centres_(machine),
      sent_first_(machine),
      sent_(machine),
      points_(machine),
      vectors_(machine),
      closest_(machine),
      search_(machine),
      staged_(machine),
      host_points_(machine),
      host_start_(machine),
      host_closest_(machine) {}

void PairSource::assign_rows(const std::vector<std::int64_t>& species, std::int64_t n_species) {
  for (std::size_t row = 0; row < species.size(); ++row) {
    if (species[row] >= 0 && species[row] < n_species) continue;
    throw Error("row " + std::to_string(row) + " is of species " + std::to_string(species[row]) +
                ", expected 0 to " + std::to_string(n_species - 1));
  }
  cuda::assign(machine_, species, staged_, species_);
}

// Candidates by the row that sends, in order within a row: what a row sends is gathered, too.
void PairSource::assign_lists(const std::vector<std::int32_t>& first,
                              const std::vector<std::int32_t>& senders) {
  std::vector<std::int32_t> sent_first(static_cast<std::size_t>(n_total()) + 1),
      sent(senders.size());
  for (const std::int32_t j : senders) ++sent_first[static_cast<std::size_t>(j) + 1];
  for (std::size_t j = 1; j < sent_first.size(); ++j) sent_first[j] += sent_first[j - 1];
  std::vector<std::int32_t> next(sent_first.begin(), sent_first.end() - 1);
  for (std::size_t c = 0; c < senders.size(); ++c) {
    const auto place = static_cast<std::size_t>(next[static_cast<std::size_t>(senders[c])]++);
    sent[place] = static_cast<std::int32_t>(c);
  }
  n_outer_ = 0;
  for (std::int64_t row = 0; row < n_local_; ++row) {
    for (std::int32_t c = first[static_cast<std::size_t>(row)];
         c < first[static_cast<std::size_t>(row) + 1]; ++c) {
      if (senders[static_cast<std::size_t>(c)] >= n_local_) n_outer_ = row + 1;
    }
  }
  cuda::assign(machine_, first, staged_, first_);
  cuda::assign(machine_, sent_first, staged_, sent_first_);
  cuda::assign(machine_, sent, staged_, sent_);
}

void PairSource::assign(const Graph& graph, std::int64_t n_species) {
  const std::size_t n = graph.receivers.size();
  const auto n_rows = static_cast<std::int64_t>(graph.species.size());
  require_int(std::ssize(graph.receivers), "pairs");
  require_int(n_rows, "rows");
  std::vector<std::int32_t> first(static_cast<std::size_t>(graph.n_local) + 1), senders(n);
  std::int64_t row = 0;
  for (std::size_t e = 0; e < n; ++e) {
    const std::int64_t i = graph.receivers[e], j = graph.neighbours[e];
    if (i < row || i >= graph.n_local || j < 0 || j >= n_rows) {
      throw Error("pair " + std::to_string(e) + " goes from row " + std::to_string(i) + " to row " +
                  std::to_string(j) +
                  ": expected pairs ordered by receivers, which are local rows (" +
                  std::to_string(graph.n_local) + "), and neighbours among " +
                  std::to_string(n_rows) + " rows");
    }
    while (row < i) first[static_cast<std::size_t>(++row)] = static_cast<std::int32_t>(e);
    senders[e] = static_cast<std::int32_t>(j);
  }
  while (row < graph.n_local) first[static_cast<std::size_t>(++row)] = static_cast<std::int32_t>(n);
  given_ = true;
  ++generation_;
  n_local_ = graph.n_local;
  n_types_ = 0;
  assign_rows(graph.species, n_species);
  assign_lists(first, senders);
  cuda::assign(machine_, senders, staged_, neighbours_);
  cuda::assign(machine_, graph.vectors, vectors_);
}

void PairSource::assign(const Candidates& candidates, std::int64_t n_species, double cutoff) {
  require_int(std::ssize(candidates.neighbours), "candidates");
  assign_points(candidates, n_species, cutoff);
  std::vector<std::int32_t> senders(candidates.neighbours.size());
  std::transform(candidates.neighbours.begin(), candidates.neighbours.end(), senders.begin(),
                 [&](std::int32_t p) { return candidates.rows[static_cast<std::size_t>(p)]; });
  assign_lists({candidates.first.begin(), candidates.first.end()}, senders);
  cuda::assign(machine_, candidates.neighbours, staged_, neighbours_);
}

void PairSource::find_contacts(const Places& places, const double* points,
                               std::vector<std::uint8_t>& contacts) {
  const auto n_points = static_cast<std::int64_t>(places.kinds.size());
  require_int(n_points, "points");
  points_.resize(3 * n_points);
  host_points_.resize(3 * n_points);
  place(points);
  upload(machine_, host_points_, points_);
  search_.find_contacts(places, points, points_.array(), contacts_);
  contacts = contacts_;
}

void PairSource::find(const Candidates& rows, std::int64_t n_species, double cutoff) {
  assign_points(rows, n_species, cutoff);
  n_outer_ = 0;
  for (std::size_t row = 0; row < rows.centres.size(); ++row) {
    if (contacts_[static_cast<std::size_t>(rows.centres[row])] != 0) {
      n_outer_ = static_cast<std::int64_t>(row) + 1;
    }
  }
  search_.fill(centres_.array(), first_, neighbours_);
  search_.sort_by_sender(neighbours_.array(), rows_.array(), n_total(), sent_first_, sent_);
}

void PairSource::fetch(Candidates& candidates) const {
  const auto copy = [this](const Memory<int>& from, auto& to) {
    HostMemory<int> staged(machine_);
    staged.resize(from.size());
    download(machine_, from, staged);
    machine_.wait();
    to.assign(staged.data(), staged.data() + staged.size());
  };
  copy(first_, candidates.first);
  copy(neighbours_, candidates.neighbours);
}

// All but the candidates.
void PairSource::assign_points(const Candidates& candidates, std::int64_t n_species,
                               double cutoff) {
  require_int(std::ssize(candidates.rows), "points");
  given_ = false;
  ++generation_;
  n_local_ = candidates.n_local();
  n_types_ = static_cast<int>(candidates.n_types);
  assign_rows(candidates.species, n_species);
  cuda::assign(machine_, candidates.rows, staged_, rows_);
  cuda::assign(machine_, candidates.types, staged_, types_);
  cuda::assign(machine_, candidates.centres, staged_, centres_);
  points_.resize(3 * static_cast<std::int64_t>(candidates.rows.size()));
  host_points_.resize(points_.size());
  const std::int64_t kinds = static_cast<std::int64_t>(n_types_) * n_types_;
  closest_.resize(kinds);
  host_start_.resize(kinds);
  host_closest_.resize(kinds);
  unsigned long long bits = 0;
  const double squared = cutoff * cutoff;
  std::memcpy(&bits, &squared, sizeof bits);
  std::fill_n(host_start_.data(), kinds, bits);
}

void PairSource::place(const double* points) {
  std::copy_n(points, host_points_.size(), host_points_.data());
}

void PairSource::queue_positions() {
  if (given_) return;
  upload(machine_, host_points_, points_);
  upload(machine_, host_start_, closest_);
}

void PairSource::queue_results() {
  if (!given_) download(machine_, closest_, host_closest_);
}

void PairSource::closest(std::vector<double>& distances) const {
  distances.clear();
  const auto squared = [this](int a, int b) {
    double value = 0.0;
    std::memcpy(&value, host_closest_.data() + static_cast<std::int64_t>(a) * n_types_ + b,
                sizeof value);
    return value;
  };
  for (int a = 0; a < n_types_; ++a) {
    for (int b = a; b < n_types_; ++b) {
      distances.push_back(std::sqrt(std::min(squared(a, b), squared(b, a))));
    }
  }
}

double PairSource::host_bytes() const {
  return search_.host_bytes() + staged_.bytes() + host_points_.bytes() + host_start_.bytes() +
         host_closest_.bytes();
}

}  // namespace ipip::cuda
