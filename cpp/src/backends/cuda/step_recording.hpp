// SPDX-License-Identifier: MIT
// The queue of a step in recorded pieces, and what the host does between them.
#pragma once

#include <functional>
#include <vector>

#include "machine.hpp"

namespace ipip::cuda {

class StepRecording {
 public:
  explicit StepRecording(Machine& machine) : machine_(machine) {}

  /// Calls `queue`, which asks the machine for a step, and keeps it instead of doing it.
  void record(const std::function<void()>& queue);

  /// Does what was recorded.
  void replay();

  /// What the host does at this place of the queue: now, or at each replay.
  void between(std::function<void()> work);

 private:
  Machine& machine_;
  bool recording_ = false;
  std::vector<int> pieces_;
  std::vector<std::function<void()>> works_;  // one fewer than pieces
};

}  // namespace ipip::cuda
