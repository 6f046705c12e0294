// SPDX-License-Identifier: MIT
// The active halo exchanger of a thread.
#include <utility>

#include "ipip/halo.hpp"

namespace ipip {
namespace {

// One slot per thread: several LAMMPS instances in one process never see each other's exchanger.
std::shared_ptr<HaloExchanger>& active_slot() {
  thread_local std::shared_ptr<HaloExchanger> active;
  return active;
}

}  // namespace

HaloScope::HaloScope(std::shared_ptr<HaloExchanger> exchanger)
    : previous_(std::exchange(active_slot(), std::move(exchanger))) {}

HaloScope::~HaloScope() {
  active_slot() = std::move(previous_);
}

std::shared_ptr<HaloExchanger> active_halo_exchanger() {
  return active_slot();
}

}  // namespace ipip
