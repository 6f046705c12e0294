// SPDX-License-Identifier: MIT
// Queues of steps in recorded pieces, and what the host does between them: steps that have energies
// summed are recorded beside those that have not.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "machine.hpp"

namespace ipip::cuda {

class StepRecording {
 public:
  explicit StepRecording(Machine& machine) : machine_(machine) {}

  /// Calls `queue`, which asks the machine for a step, and keeps it instead of doing it.
  /// @return the step's number, from 0 on. Where `queue` throws nothing is kept, of earlier steps
  ///         neither.
  std::size_t record(const std::function<void()>& queue);

  /// Does what was recorded.
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
