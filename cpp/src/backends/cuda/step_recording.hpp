// SPDX-License-Identifier: MIT
// Queues of steps in recorded pieces, and what the host does between them. Steps with and without
// summed energies are recorded separately.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "machine.hpp"

namespace ipip::cuda {

class StepRecording {
 public:
  explicit StepRecording(Machine& machine) : machine_(machine) {}

  /// Calls `queue`, which queues a step on the machine, and records it instead of running it.
  /// @return the step's number, from 0 on. If `queue` throws nothing is kept, not even earlier
  ///         steps.
  std::size_t record(const std::function<void()>& queue);

  /// Runs a recorded step.
  void replay(std::size_t step);

  /// Forgets all steps.
  void drop() noexcept;

  /// What the host does at this place of the queue: now, or at each replay.
  void between(std::function<void()> work);

 private:
  struct Step {
    std::vector<int> pieces;
    std::vector<std::function<void()>> works;  // one fewer than pieces
  };

  Machine& machine_;
  bool recording_ = false;
  std::vector<Step> steps_;
};

}  // namespace ipip::cuda
