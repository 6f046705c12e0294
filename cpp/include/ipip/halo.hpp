// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ipip/export.hpp"

namespace ipip {

/// Type of the numbers in a buffer.
enum class Scalar { float32, float64 };

/// Fills the rows of atoms that another rank owns ("halo rows"), and returns their gradients.
///
/// A table has one row per atom, row-major: rows [0, n_local) are atoms this rank owns, rows
/// [n_local, n_total) are halo atoms. The operator `ipip::halo_exchange`, which a student calls
/// between its message layers, hands its tables to the active exchanger. Both calls are collective:
/// every rank makes them in the same order, a rank without atoms or halo rows too.
class IPIP_API HaloExchanger {
 public:
  virtual ~HaloExchanger() = default;

  /// Rows owned by this rank.
  virtual std::int64_t n_local() const = 0;

  /// Rows owned plus halo rows.
  virtual std::int64_t n_total() const = 0;

  /// Fills halo rows from their owners.
  /// @param table  [n_total, width] in main memory; halo rows are overwritten
  /// @param width  numbers per row
  /// @param scalar type of the numbers
  virtual void forward(void* table, std::int64_t width, Scalar scalar) = 0;

  /// Adjoint of `forward`: adds every halo row to the row of its owner.
  /// @param table  [n_total, width] in main memory; local rows are added to, halo rows are spent
  /// @param width  numbers per row
  /// @param scalar type of the numbers
  virtual void reverse(void* table, std::int64_t width, Scalar scalar) = 0;

  /// `forward` in two halves, between which the caller can compute: rows [0, n_early) must be ready
  /// before the first half, and halo rows are ready after the second. No other rank needs rows from
  /// n_early on. This default does everything in the first half.
  virtual std::int64_t n_early() const { return n_local(); }
  virtual void begin_forward(void* table, std::int64_t width, Scalar scalar) {
    forward(table, width, scalar);
  }
  virtual void end_forward() {}
  /// Advances messages under way, where the system does not do so by itself.
  virtual void progress() {}

  /// The same for a caller whose table is elsewhere and who passes only the rows that other ranks
  /// need: `sent_rows`, in that order, [n_sent]. `end_forward` completes it. This default sends all
  /// early rows.
  virtual std::vector<std::int64_t> sent_rows() const;
  /// @param sent   [n_sent, width]; stays as it is until `end_forward`
  /// @param halo   [n_total - n_local, width], to be filled
  /// @param width  numbers per row
  /// @param scalar type of the numbers
  virtual void begin_packed(const void* sent, void* halo, std::int64_t width, Scalar scalar);
  /// Whether `begin_packed` accepts memory of the computing device.
  virtual bool takes_device_memory() const { return false; }

  /// Wall time of all calls so far, for an exchanger that measures it.
  virtual double seconds() const { return 0.0; }

 private:
  std::vector<unsigned char> table_;  // of begin_packed
};

/// Makes an exchanger the active one of this thread for the scope's lifetime; scopes nest.
///
/// What is computed under it keeps the exchanger for its backward pass.
class IPIP_API HaloScope {
 public:
  explicit HaloScope(std::shared_ptr<HaloExchanger> exchanger);
  ~HaloScope();
  HaloScope(const HaloScope&) = delete;
  HaloScope& operator=(const HaloScope&) = delete;

 private:
  std::shared_ptr<HaloExchanger> previous_;
};

/// The active exchanger of this thread, or null: then `ipip::halo_exchange` is the identity.
IPIP_API std::shared_ptr<HaloExchanger> active_halo_exchanger();

/// Exchanger within one process: halo row k is a copy of the local row `owners[k]`.
class IPIP_API GatherHalo final : public HaloExchanger {
 public:
  /// @param n_local rows owned
  /// @param owners  local row shown by each halo row, each in [0, n_local); `ipip::Error` otherwise
  GatherHalo(std::int64_t n_local, std::vector<std::int64_t> owners);

  std::int64_t n_local() const override { return n_local_; }
  std::int64_t n_total() const override {
    return n_local_ + static_cast<std::int64_t>(owners_.size());
  }
  void forward(void* table, std::int64_t width, Scalar scalar) override;
  void reverse(void* table, std::int64_t width, Scalar scalar) override;

 private:
  std::int64_t n_local_;
  std::vector<std::int64_t> owners_;
};

}  // namespace ipip
