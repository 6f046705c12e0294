// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ipip/export.hpp"
#include "ipip/halo.hpp"

namespace ipip {

/// One evaluation of a student under an exchanger: every rank makes the same exchanges, whatever
/// its atoms, its pairs or its failures are.
/// Hand-written kernels need no adjoints: all their exchanges are forward ones. `HaloTokens` keeps
/// the exchanges of autograd in order. `finish_failed` makes the exchanges that a rank still owes
/// after a failure, with zeros, so that the other ranks finish and all can report it.
class IPIP_API HaloSession {
 public:
  /// @param exchanger may be null: then nothing is exchanged
  /// @param widths    numbers per row of each exchange; outlives this
  /// @param adjoints  whether the adjoint of each follows, from the last to the first
  /// @param scalar    the student's precision
  HaloSession(std::shared_ptr<HaloExchanger> exchanger, const std::vector<std::int64_t>& widths,
              bool adjoints, Scalar scalar);
  ~HaloSession();
  HaloSession(const HaloSession&) = delete;
  HaloSession& operator=(const HaloSession&) = delete;

  /// The session of this thread, or null.
  static HaloSession* active();

  /// Announces an exchange of tables of this width, before it starts.
  /// @throws ipip::Error  the model file states fewer exchanges, or another width
  void begin_forward(std::int64_t width);

  /// Announces that the exchange is made in two halves, and that the second is made.
  void begin_halves() { between_halves_ = true; }
  void end_halves() { between_halves_ = false; }

  /// Announces the adjoint of an exchange, before it is made.
  void begin_reverse() { ++reverse_done_; }

  /// @throws ipip::Error  the student made fewer exchanges than its model file states
  void require_all_forward() const;

  /// Makes the exchanges that are still owed, on tables of zeros.
  void finish_failed();

  /// Wall time of exchanges so far, see `HaloExchanger::seconds`.
  double seconds() const { return exchanger_ != nullptr ? exchanger_->seconds() : 0.0; }

  /// Whether there is an exchange at all.
  bool exchanges() const { return exchanger_ != nullptr && !widths_.empty(); }

 private:
  std::shared_ptr<HaloExchanger> exchanger_;
  const std::vector<std::int64_t>& widths_;
  bool adjoints_;
  Scalar scalar_;
  bool between_halves_ = false;
  std::size_t forward_done_ = 0;
  std::size_t reverse_done_ = 0;
  HaloSession* previous_;
};

}  // namespace ipip
