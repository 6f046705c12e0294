// SPDX-License-Identifier: MIT
// The active halo exchanger of a thread.
#include "ipip/halo.hpp"

namespace ipip {
namespace {

// One slot per thread: several LAMMPS instances in one process never see each other's exchanger.
HaloExchanger*& active_slot() {
  thread_local HaloExchanger* active = nullptr;
  return active;
}

}  // namespace

HaloScope::HaloScope(HaloExchanger& exchanger) : previous_(active_slot()) {
  active_slot() = &exchanger;
}

HaloScope::~HaloScope() {
  active_slot() = previous_;
}

HaloExchanger* active_halo_exchanger() {
  return active_slot();
}

}  // namespace ipip
