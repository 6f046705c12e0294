// SPDX-License-Identifier: MIT
// What ties the exchanges of an evaluation to their order in autograd.
#pragma once

#include <torch/types.h>

#include <utility>

#include "halo/halo_session.hpp"

namespace ipip {

/// Autograd alone would run a rank's backward exchanges only where a gradient flows, and in an
/// order that the flow of data leaves open. So each exchange also takes a token from the one before
/// it and passes one to the next:
///
///     (rows_k, token_k) = exchange(x_k, token_(k-1)),  k = 1 .. K
///
/// The gradient of (energy, token_K) with respect to (vectors, token_0) then needs every exchange,
/// each once, K first: even without pairs, without atoms, and where the energy ignores the rows.
class HaloTokens {
 public:
  /// The tokens of a session, of this thread for the scope's lifetime.
  explicit HaloTokens(const HaloSession& session);
  ~HaloTokens();
  HaloTokens(const HaloTokens&) = delete;
  HaloTokens& operator=(const HaloTokens&) = delete;

  /// The tokens of this thread, or null.
  static HaloTokens* active();

  const torch::Tensor& first() const { return first_; }
  const torch::Tensor& last() const { return last_; }
  void set_last(torch::Tensor token) { last_ = std::move(token); }

 private:
  torch::Tensor first_;  // undefined where nothing is exchanged
  torch::Tensor last_;
  HaloTokens* previous_;
};

}  // namespace ipip
