// SPDX-License-Identifier: GPL-2.0-or-later
// k: row sent to a user, w: column, p: rank.
#include "rank_halo.h"

#include <algorithm>
#include <climits>
#include <cstddef>
#include <stdexcept>

namespace LAMMPS_NS {
namespace {

constexpr int kTag = 4163;  // not used by other messages on this communicator

// Checked by plan().
int message_size(std::int64_t rows, std::int64_t width) {
  return static_cast<int>(rows * width);
}

// offsets[p] = counts[0] + ... + counts[p - 1]; returns the sum of all.
int running_sums(const std::vector<int>& counts, std::vector<int>& offsets) {
  int sum = 0;
  offsets.resize(counts.size());
  for (std::size_t p = 0; p < counts.size(); ++p) {
    offsets[p] = sum;
    sum += counts[p];
  }
  return sum;
}

}  // namespace

std::string RankHalo::plan(std::int64_t n_local, const std::vector<int>& row_of,
                           const std::vector<HaloSource>& sources, std::int64_t widest) {
  n_local_ = n_local;
  n_halo_ = static_cast<std::int64_t>(sources.size());
  int n_ranks = 0;
  MPI_Comm_size(world_, &n_ranks);

  counts_.assign(n_ranks, 0);
  user_counts_.assign(n_ranks, 0);
  wanted_.clear();
  for (const HaloSource& source : sources) {
    ++counts_[source.rank];
    wanted_.push_back(source.index);
  }
  MPI_Alltoall(counts_.data(), 1, MPI_INT, user_counts_.data(), 1, MPI_INT, world_);
  running_sums(counts_, offsets_);
  asked_.resize(running_sums(user_counts_, user_offsets_));
  MPI_Alltoallv(wanted_.data(), counts_.data(), offsets_.data(), MPI_INT, asked_.data(),
                user_counts_.data(), user_offsets_.data(), MPI_INT, world_);

  owners_.clear();
  users_.clear();
  for (int p = 0; p < n_ranks; ++p) {
    if (counts_[p] > 0) owners_.push_back({p, offsets_[p], counts_[p], true});
    if (user_counts_[p] > 0) users_.push_back({p, user_offsets_[p], user_counts_[p], false});
  }
  requests_.resize(owners_.size() + users_.size());
  for (const auto* peers : {&owners_, &users_}) {
    for (const Peer& peer : *peers) {
      if (peer.count * widest <= INT_MAX) continue;
      return "a halo message of " + std::to_string(peer.count) + " rows of " +
             std::to_string(widest) +
             " numbers is longer than MPI can send: use more ranks, so that each has fewer atoms";
    }
  }

  sent_rows_.clear();
  for (const int index : asked_) {
    const bool known = index >= 0 && index < static_cast<int>(row_of.size());
    const int row = known ? row_of[index] : -1;
    if (row < 0 || row >= n_local) {
      sent_rows_.assign(asked_.size(), 0);
      n_early_ = n_local;
      return "another rank shows local atom " + std::to_string(index) +
             ", which this rank does not pass to the student: ghost atoms are not up to date";
    }
    sent_rows_.push_back(row);
  }
  for (Peer& peer : users_) {
    const auto* rows = &sent_rows_[peer.first];
    peer.in_place = std::adjacent_find(rows, rows + peer.count, [](auto row, auto next) {
                      return next != row + 1;
                    }) == rows + peer.count;
  }
  n_early_ = sent_rows_.empty() ? 0 : *std::max_element(sent_rows_.begin(), sent_rows_.end()) + 1;
  return "";
}

template <typename T>
T* RankHalo::buffer(std::int64_t width) {
  const std::size_t bytes = sent_rows_.size() * static_cast<std::size_t>(width) * sizeof(T);
  if (buffer_.size() < bytes) buffer_.resize(bytes + bytes / 4);
  return reinterpret_cast<T*>(buffer_.data());
}

template <typename T>
void RankHalo::begin_forward_as(T* table, std::int64_t width, MPI_Datatype type) {
  auto request = requests_.begin();
  T* halo = table + n_local_ * width;
  for (const Peer& peer : owners_) {
    MPI_Irecv(halo + peer.first * width, message_size(peer.count, width), type, peer.rank, kTag,
              world_, &*request++);
  }
  T* packed = buffer<T>(width);
  for (const Peer& peer : users_) {
    const T* out = table + sent_rows_[peer.first] * width;
    if (!peer.in_place) {
      out = packed + peer.first * width;
      for (std::int64_t k = peer.first; k < peer.first + peer.count; ++k) {
        std::copy_n(table + sent_rows_[k] * width, width, packed + k * width);
      }
    }
    MPI_Isend(out, message_size(peer.count, width), type, peer.rank, kTag, world_, &*request++);
  }
}

template <typename T>
void RankHalo::reverse_as(T* table, std::int64_t width, MPI_Datatype type) {
  auto request = requests_.begin();
  T* packed = buffer<T>(width);
  for (const Peer& peer : users_) {
    MPI_Irecv(packed + peer.first * width, message_size(peer.count, width), type, peer.rank, kTag,
              world_, &*request++);
  }
  const T* halo = table + n_local_ * width;
  for (const Peer& peer : owners_) {
    MPI_Isend(halo + peer.first * width, message_size(peer.count, width), type, peer.rank, kTag,
              world_, &*request++);
  }
  MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
  // In the order of ranks, not of arrival: the same run gives the same digits.
  for (std::size_t k = 0; k < sent_rows_.size(); ++k) {
    T* row = table + sent_rows_[k] * width;
    for (std::int64_t w = 0; w < width; ++w) row[w] += *packed++;
  }
}

void RankHalo::forward(void* table, std::int64_t width, ipip::Scalar scalar) {
  begin_forward(table, width, scalar);
  end_forward();
}

void RankHalo::begin_forward(void* table, std::int64_t width, ipip::Scalar scalar) {
  if (scalar == ipip::Scalar::float32) {
    begin_forward_as(static_cast<float*>(table), width, MPI_FLOAT);
  } else {
    begin_forward_as(static_cast<double*>(table), width, MPI_DOUBLE);
  }
}

// Halo rows are received in place, and the rows for a rank are contiguous.
void RankHalo::begin_packed(const void* sent, void* halo, std::int64_t width, ipip::Scalar scalar) {
  const bool single = scalar == ipip::Scalar::float32;
  const MPI_Datatype type = single ? MPI_FLOAT : MPI_DOUBLE;
  const std::int64_t row =
      width * static_cast<std::int64_t>(single ? sizeof(float) : sizeof(double));
  auto request = requests_.begin();
  for (const Peer& peer : owners_) {
    MPI_Irecv(static_cast<unsigned char*>(halo) + peer.first * row, message_size(peer.count, width),
              type, peer.rank, kTag, world_, &*request++);
  }
  for (const Peer& peer : users_) {
    MPI_Isend(static_cast<const unsigned char*>(sent) + peer.first * row,
              message_size(peer.count, width), type, peer.rank, kTag, world_, &*request++);
  }
}

void RankHalo::end_forward() {
  MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
}

// Long messages move only while MPI is called.
void RankHalo::progress() {
  int done = 0;
  MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done, MPI_STATUSES_IGNORE);
}

void RankHalo::reverse(void* table, std::int64_t width, ipip::Scalar scalar) {
  if (scalar == ipip::Scalar::float32) {
    reverse_as(static_cast<float*>(table), width, MPI_FLOAT);
  } else {
    reverse_as(static_cast<double*>(table), width, MPI_DOUBLE);
  }
}

double RankHalo::memory_bytes() const {
  const auto bytes = [](const auto& buffer) {
    return static_cast<double>(buffer.capacity() * sizeof(buffer[0]));
  };
  return bytes(owners_) + bytes(users_) + bytes(sent_rows_) + bytes(buffer_) + bytes(requests_) +
         bytes(counts_) + bytes(offsets_) + bytes(user_counts_) + bytes(user_offsets_) +
         bytes(wanted_) + bytes(asked_);
}

}  // namespace LAMMPS_NS
