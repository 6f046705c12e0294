// SPDX-License-Identifier: MIT
#include "dump/text_blocks.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "dump/frame_span.hpp"
#include "ipip/error.hpp"

namespace ipip::dump {
namespace {

constexpr std::size_t kMargin = 1U << 12U;  // by which a frame may be longer than the one before

// Start of the last frame that begins in text[from, size); 0: none does.
std::size_t last_frame(const char* text, std::size_t from, std::size_t size) {
  std::size_t end = size;
  while (end > from) {
    const void* const found = memrchr(text + from, kFrameBegin[0], end - from);
    if (found == nullptr) return 0;
    end = static_cast<std::size_t>(static_cast<const char*>(found) - text);
    const std::string_view all(text, size);
    if (all.substr(end).starts_with(kFrameBegin)) return begin_of_frame(all, end);
  }
  return 0;
}

}  // namespace

std::size_t FileSource::read(char* to, std::size_t size) {
  while (true) {
    const ssize_t count = ::read(descriptor_, to, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw Error(std::string("cannot be read: ") + std::strerror(errno));
  }
}

void Block::reserve(std::size_t size, std::size_t kept) {
  if (size <= room_) return;
  constexpr std::size_t kBehind = 64;  // readable bytes after the text
  std::unique_ptr<char[]> larger(new char[kBefore + size + kBehind]);
  std::memset(larger.get(), ' ', kBefore);
  if (kept > 0) std::memcpy(larger.get() + kBefore, text(), kept);
  memory_ = std::move(larger);
  room_ = size;
}

bool TextBlocks::next(Block& block) {
  if (ended_) return false;
  const std::size_t length = length_.load(std::memory_order_relaxed);
  const std::size_t margin = std::min(kMargin, piece_);
  std::size_t goal = piece_;
  if (length > 0) goal = std::max<std::size_t>(1, piece_ / length) * length + margin;
  std::size_t size = rest_.size();
  goal = std::max(goal, size + margin);
  block.reserve(goal, 0);
  std::copy(rest_.begin(), rest_.end(), block.text());
  block.offset = offset_;
  std::size_t searched = 1;  // a frame that begins at 0 belongs to the block
  while (true) {
    while (size < goal) {
      const std::size_t count = source_->read(block.text() + size, goal - size);
      if (count == 0) {
        ended_ = true;
        block.size = block.seen = size;
        return size > 0;
      }
      size += count;
    }
    const std::size_t cut = last_frame(block.text(), searched, size);
    if (cut > 0) {
      rest_.assign(block.text() + cut, block.text() + size);
      offset_ += cut;
      block.size = cut;
      block.seen = size;
      return true;
    }
    searched = size - std::min(size - 1, kFrameBegin.size() - 1);
    goal = size + std::max(piece_, size / 2);
    block.reserve(goal, size);
  }
}

}  // namespace ipip::dump
