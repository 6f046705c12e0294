// SPDX-License-Identifier: MIT
// The frames of a dump in order, read by the caller and, if allowed, by a second thread. Both do
// the same work: they take the next block of text (one at a time), read the frames in it
// (concurrently), and put them in the block's place in the queue. So it does not matter which of
// them is faster, and the result is the same with one thread or two.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "dump/frame.hpp"
#include "dump/frame_reader.hpp"
#include "dump/text_blocks.hpp"

namespace ipip::dump {

class FrameQueue {
 public:
  /// @param offset bytes of text before the source's
  /// @param ahead whether a second thread may read beside the caller's; it is started with the
  ///     second block, and the source must then be one that any thread may read
  /// @param piece bytes of a block of small frames
  FrameQueue(std::shared_ptr<const Request> request, std::unique_ptr<TextSource> source,
             std::size_t offset, bool ahead, std::size_t piece = TextBlocks::kPiece);
  ~FrameQueue() { close(); }
  FrameQueue(const FrameQueue&) = delete;
  FrameQueue& operator=(const FrameQueue&) = delete;

  /// The next frames (one or more); none at the end of the text.
  /// Throws what the source throws, except ipip::Error, which is an item, and ipip::Error in a
  /// process that was forked from the one that made this queue.
  std::vector<Item> next();

  /// Whether this process made the queue. In a forked one the second thread is missing and the
  /// locks that it held stay locked, so the queue can only be abandoned, not deleted.
  bool is_here() const;

  /// Ends the second thread after its present block, and frees unused memory.
  void close();

 private:
  struct Slot {
    std::vector<Item> items;
    std::size_t bytes = 0;  // of text
    bool done = false;
  };
  struct Worker {
    Worker(const std::shared_ptr<const Request>& request, const std::shared_ptr<MemoryPool>& pool)
        : reader(request, pool) {}
    FrameReader reader;
    Block block;
  };
  using Lock = std::unique_lock<std::mutex>;

  bool may_work() const;
  void wait(Lock& lock);
  void work(Worker& worker, Lock& lock);
  void read_ahead();
  void start_thread();

  const pid_t process_;
  bool ahead_;
  std::shared_ptr<const Request> request_;
  std::shared_ptr<MemoryPool> pool_;
  TextBlocks blocks_;  // of the thread that set `reading_`
  Worker own_;         // of the caller

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Slot>> slots_;
  std::size_t waiting_bytes_ = 0;
  bool reading_ = false;  // someone reads a block
  bool ended_ = false;    // there is no further block
  bool closing_ = false;
  bool begun_ = false;  // the first block was taken

  std::unique_ptr<std::thread> thread_;
};

}  // namespace ipip::dump
