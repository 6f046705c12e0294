// SPDX-License-Identifier: MIT
#include "step_recording.hpp"

#include <cstddef>
#include <utility>

namespace ipip::cuda {

void StepRecording::record(const std::function<void()>& queue) {
  pieces_.clear();
  works_.clear();
  machine_.drop_recordings();
  recording_ = true;
  try {
    machine_.begin_recording();
    queue();
    pieces_.push_back(machine_.end_recording());
  } catch (...) {
    recording_ = false;
    machine_.drop_recordings();
    throw;
  }
  recording_ = false;
}

void StepRecording::replay() {
  for (std::size_t k = 0; k < pieces_.size(); ++k) {
    if (k > 0) works_[k - 1]();
    machine_.replay(pieces_[k]);
  }
}

void StepRecording::between(std::function<void()> work) {
  if (!recording_) {
    work();
    return;
  }
  pieces_.push_back(machine_.end_recording());
  works_.push_back(std::move(work));
  machine_.begin_recording();
}

}  // namespace ipip::cuda
