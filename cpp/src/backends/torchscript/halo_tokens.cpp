// SPDX-License-Identifier: MIT
#include "halo_tokens.hpp"

namespace ipip {
namespace {

HaloTokens*& active_slot() {
  thread_local HaloTokens* active = nullptr;
  return active;
}

}  // namespace

HaloTokens::HaloTokens(const HaloSession& session) {
  if (session.exchanges()) {
    first_ = torch::zeros({}, torch::kFloat64).set_requires_grad(true);
    last_ = first_;
  }
  previous_ = std::exchange(active_slot(), this);
}

HaloTokens::~HaloTokens() {
  active_slot() = previous_;
}

HaloTokens* HaloTokens::active() {
  return active_slot();
}

}  // namespace ipip
