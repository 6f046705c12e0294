// SPDX-License-Identifier: MIT
#include "step_recording.hpp"

#include <utility>

namespace ipip::cuda {

std::size_t StepRecording::record(const std::function<void()>& queue) {
  steps_.emplace_back();
  recording_ = true;
  try {
    machine_.begin_recording();
    queue();
    steps_.back().pieces.push_back(machine_.end_recording());
  } catch (...) {
    drop();
    throw;
  }
  recording_ = false;
  return steps_.size() - 1;
}

void StepRecording::replay(std::size_t step) {
  const Step& recorded = steps_[step];
  for (std::size_t k = 0; k < recorded.pieces.size(); ++k) {
    if (k > 0) recorded.works[k - 1]();
    machine_.replay(recorded.pieces[k]);
  }
}

void StepRecording::drop() noexcept {
  recording_ = false;
  steps_.clear();
  machine_.drop_recordings();
}

void StepRecording::between(std::function<void()> work) {
  if (!recording_) {
    work();
    return;
  }
  steps_.back().pieces.push_back(machine_.end_recording());
  steps_.back().works.push_back(std::move(work));
  machine_.begin_recording();
}

}  // namespace ipip::cuda
