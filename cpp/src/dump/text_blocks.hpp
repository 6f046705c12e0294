// SPDX-License-Identifier: MIT
// The text of a dump in blocks that hold whole frames.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ipip::dump {

/// Where text comes from.
class TextSource {
 public:
  virtual ~TextSource() = default;
  /// Reads up to `size` bytes; returns how many, 0 at the end. Throws ipip::Error.
  virtual std::size_t read(char* to, std::size_t size) = 0;
};

/// A file that is open; it is read from its present position, and is not closed.
class FileSource : public TextSource {
 public:
  explicit FileSource(int descriptor) : descriptor_(descriptor) {}
  std::size_t read(char* to, std::size_t size) override;

 private:
  int descriptor_;
};

/// Text that begins where a frame (or the file) begins and ends where another one begins (or the
/// file ends). Its memory is kept from block to block.
class Block {
 public:
  std::size_t offset = 0;  ///< bytes of text before it
  std::size_t size = 0;    ///< bytes of this block
  std::size_t seen = 0;    ///< bytes in memory: with the beginning of the next frame, if any

  char* text() { return memory_.get() + kBefore; }
  const char* text() const { return memory_.get() + kBefore; }
  /// Makes room for `size` bytes and keeps the first `kept` ones.
  void reserve(std::size_t size, std::size_t kept);

 private:
  static constexpr std::size_t kBefore = 64;  // readable bytes before the text

  std::unique_ptr<char[]> memory_;
  std::size_t room_ = 0;
};

/// Reads blocks one after another. They are about as large as a core's cache can hold, so that text
/// is still there when it is read, or as large as a frame. Only a small piece of the next frame is
/// read to see its beginning: frames are mostly as long as the one before.
class TextBlocks {
 public:
  /// Bytes of a block of small frames.
  static constexpr std::size_t kPiece = 1U << 18U;

  /// @param piece bytes of a block of small frames; results do not depend on it
  TextBlocks(std::unique_ptr<TextSource> source, std::size_t offset, std::size_t piece = kPiece)
      : source_(std::move(source)), offset_(offset), piece_(std::max<std::size_t>(1, piece)) {}

  /// Reads the next block; false at the end.
  bool next(Block& block);
  /// Whether the end of the text was reached.
  bool ended() const { return ended_; }
  /// Reports the length of a frame; any thread may call it.
  void expect(std::size_t length) { length_.store(length, std::memory_order_relaxed); }

 private:
  std::unique_ptr<TextSource> source_;
  std::vector<char> rest_;  // already read
  std::size_t offset_;      // bytes of text before it
  std::size_t piece_;
  std::atomic<std::size_t> length_{0};
  bool ended_ = false;
};

}  // namespace ipip::dump
