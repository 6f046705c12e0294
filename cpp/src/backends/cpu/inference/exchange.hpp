// SPDX-License-Identifier: MIT
// The halo exchanges of a step: rows travel without their padding, and in two halves, so that the
// rows that no rank waits for are computed meanwhile.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

#include "buffer.hpp"
#include "halo/halo_session.hpp"
#include "ipip/error.hpp"
#include "ipip/halo.hpp"

namespace ipip::cpu {

template <class T>
class Exchange {
 public:
  /// @param channels of the student
  /// @param padded   channels of a row's part
  Exchange(std::int64_t channels, std::int64_t padded) : channels_(channels), padded_(padded) {}

  /// Takes the thread's exchanger for a step whose rows are [0, n_local) and halo rows to n_total.
  /// @throws ipip::Error  there are halo rows, but no exchanger, or one for other rows
  void start(std::int64_t n_local, std::int64_t n_total) {
    exchanger_ = active_halo_exchanger();
    n_local_ = n_local;
    n_total_ = n_total;
    under_way_ = false;
    const std::int64_t expected = exchanger_ != nullptr ? exchanger_->n_total() : n_local;
    if (n_total == expected) return;
    throw Error("the graph has " + std::to_string(n_total) + " rows, " + std::to_string(n_local) +
                " of them local, expected " + std::to_string(expected) +
                ": halo rows need an active exchanger for them");
  }

  bool active() const { return exchanger_ != nullptr; }

  /// Rows that must be ready before `begin`.
  std::int64_t n_early() const { return exchanger_->n_early(); }

  /// @param rows  [n_total, parts * padded]
  /// @param parts of a row
  void begin(T* rows, int parts) {
    rows_ = rows;
    parts_ = parts;
    const std::int64_t width = parts * channels_;
    T* table = rows;
    if (padded_ != channels_) {
      bare_.reserve(static_cast<std::size_t>(n_total_ * width));
      table = bare_.data();
      copy_parts(rows, padded_, table, channels_, 0, n_early() * parts);
    }
    HaloSession* const session = HaloSession::active();
    if (session != nullptr) session->begin_forward(width);
    constexpr Scalar kScalar = std::is_same_v<T, float> ? Scalar::float32 : Scalar::float64;
    exchanger_->begin_forward(table, width, kScalar);
    under_way_ = true;
    if (session != nullptr) session->begin_halves();
  }

  void progress() {
    if (under_way_) exchanger_->progress();
  }

  /// Halo rows are filled then.
  void end() {
    exchanger_->end_forward();
    under_way_ = false;
    if (HaloSession::active() != nullptr) HaloSession::active()->end_halves();
    if (padded_ == channels_) return;
    copy_parts(bare_.data(), channels_, rows_, padded_, n_local_ * parts_, n_total_ * parts_);
    for (std::int64_t part = n_local_ * parts_; part < n_total_ * parts_; ++part) {
      std::fill_n(rows_ + part * padded_ + channels_, padded_ - channels_, T(0));
    }
  }

  double seconds() const { return exchanger_ != nullptr ? exchanger_->seconds() : 0.0; }
  double bytes() const { return bare_.bytes(); }

 private:
  void copy_parts(const T* from, std::int64_t from_pitch, T* to, std::int64_t to_pitch,
                  std::int64_t begin, std::int64_t end) const {
    for (std::int64_t part = begin; part < end; ++part) {
      std::copy_n(from + part * from_pitch, channels_, to + part * to_pitch);
    }
  }

  std::int64_t channels_, padded_;
  std::shared_ptr<HaloExchanger> exchanger_;
  std::int64_t n_local_ = 0, n_total_ = 0;
  T* rows_ = nullptr;
  int parts_ = 0;
  bool under_way_ = false;
  Buffer<T> bare_;  // rows without padding
};

}  // namespace ipip::cpu
