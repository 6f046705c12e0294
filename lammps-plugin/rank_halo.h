// SPDX-License-Identifier: GPL-2.0-or-later
// Halo exchange between MPI ranks along a plan: each rank knows which of its rows each other rank
// needs, so an exchange is one round of non-blocking messages straight between owners and users.
#pragma once

#include <mpi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ipip/halo.hpp"

namespace LAMMPS_NS {

/// Where a halo row comes from.
struct HaloSource {
  int rank;   ///< rank that owns the atom
  int index;  ///< LAMMPS index of the atom there
};

/// The exchanger of `halo plan`. Halo rows are ordered by owner, so they are received, and their
/// gradients sent, without a copy. So are the rows for another rank if they are contiguous;
/// otherwise they are packed into one buffer that only grows.
class RankHalo final : public ipip::HaloExchanger {
 public:
  /// @param device_memory  whether MPI reads packed rows from the memory of the rank's device
  RankHalo(MPI_Comm world, bool device_memory) : world_(world), device_memory_(device_memory) {}

  /// Makes the plan; collective: one all-to-all of counts and one of indices.
  /// @param n_local rows owned
  /// @param row_of  row of each LAMMPS index, -1 for none
  /// @param sources [n_halo] owner of each halo row, sorted by rank, none of this rank
  /// @param widest  numbers per row of the widest exchange to come
  /// @return empty, or why the plan is impossible on this rank
  std::string plan(std::int64_t n_local, const std::vector<int>& row_of,
                   const std::vector<HaloSource>& sources, std::int64_t widest);

  std::int64_t n_local() const override { return n_local_; }
  std::int64_t n_total() const override { return n_local_ + n_halo_; }
  void forward(void* table, std::int64_t width, ipip::Scalar scalar) override;
  void reverse(void* table, std::int64_t width, ipip::Scalar scalar) override;
  std::int64_t n_early() const override { return n_early_; }
  void begin_forward(void* table, std::int64_t width, ipip::Scalar scalar) override;
  void end_forward() override;
  void progress() override;
  std::vector<std::int64_t> sent_rows() const override { return sent_rows_; }
  void begin_packed(const void* sent, void* halo, std::int64_t width, ipip::Scalar scalar) override;
  bool takes_device_memory() const override { return device_memory_; }

  /// Bytes of the buffers.
  double memory_bytes() const;

 private:
  // The rows exchanged with one rank: `count` of them from `first` on, in the halo or in
  // sent_rows_; `in_place`: they follow each other in the table.
  struct Peer {
    int rank;
    std::int64_t first;
    std::int64_t count;
    bool in_place;
  };

  template <typename T>
  void begin_forward_as(T* table, std::int64_t width, MPI_Datatype type);
  template <typename T>
  void reverse_as(T* table, std::int64_t width, MPI_Datatype type);
  template <typename T>
  T* buffer(std::int64_t width);

  MPI_Comm world_;
  bool device_memory_;
  std::int64_t n_local_ = 0;
  std::int64_t n_halo_ = 0;
  std::int64_t n_early_ = 0;             // rows up to the last that a user needs
  std::vector<Peer> owners_;             // ranks whose rows this rank shows
  std::vector<Peer> users_;              // ranks that show rows of this rank
  std::vector<std::int64_t> sent_rows_;  // local rows that users need, by user
  std::vector<unsigned char> buffer_;
  std::vector<MPI_Request> requests_;
  std::vector<int> counts_, offsets_, user_counts_, user_offsets_, wanted_, asked_;  // for plan()
};

}  // namespace LAMMPS_NS
