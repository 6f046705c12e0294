// SPDX-License-Identifier: MIT
#include "halo_session.hpp"

#include <string>
#include <utility>

#include "ipip/error.hpp"

namespace ipip {
namespace {

HaloSession*& active_slot() {
  thread_local HaloSession* active = nullptr;
  return active;
}

}  // namespace

HaloSession::HaloSession(std::shared_ptr<HaloExchanger> exchanger,
                         const std::vector<std::int64_t>& widths, bool adjoints, Scalar scalar)
    : exchanger_(std::move(exchanger)), widths_(widths), adjoints_(adjoints), scalar_(scalar) {
  previous_ = std::exchange(active_slot(), this);
}

HaloSession::~HaloSession() {
  active_slot() = previous_;
}

HaloSession* HaloSession::active() {
  return active_slot();
}

void HaloSession::begin_forward(std::int64_t width) {
  const std::string found = "exchange " + std::to_string(forward_done_ + 1) + " of the student ";
  if (forward_done_ >= widths_.size()) {
    throw Error(found + "is one more than the " + std::to_string(widths_.size()) +
                " that its model file states; export the student again");
  }
  if (width != widths_[forward_done_]) {
    throw Error(found + "has " + std::to_string(width) + " numbers per atom, expected " +
                std::to_string(widths_[forward_done_]) +
                " as its model file states; export the student again");
  }
  ++forward_done_;
}

void HaloSession::require_all_forward() const {
  if (exchanger_ != nullptr && forward_done_ < widths_.size()) {
    throw Error("the student made " + std::to_string(forward_done_) + " exchanges, expected " +
                std::to_string(widths_.size()) +
                " as its model file states; export the student again");
  }
}

void HaloSession::finish_failed() {
  if (!exchanges()) return;
  if (between_halves_) exchanger_->end_forward();
  std::vector<double> table;
  const auto zeros = [&](std::int64_t width) {
    const std::size_t numbers = static_cast<std::size_t>(exchanger_->n_total() * width);
    table.assign(scalar_ == Scalar::float32 ? (numbers + 1) / 2 : numbers, 0.0);
    return table.data();
  };
  // The same widths and the student's precision: the messages of other ranks must fit.
  while (forward_done_ < widths_.size()) {
    const std::int64_t width = widths_[forward_done_++];
    exchanger_->forward(zeros(width), width, scalar_);
  }
  while (adjoints_ && reverse_done_ < widths_.size()) {
    const std::int64_t width = widths_[widths_.size() - ++reverse_done_];
    exchanger_->reverse(zeros(width), width, scalar_);
  }
}

}  // namespace ipip
