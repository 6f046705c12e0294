// SPDX-License-Identifier: MIT
// The frames of a dump in their order, read by the caller and, where it is allowed, by a second
// thread beside it. Both do the same work: they take the next block of text (one at a time), read
// the frames in it (at once), and put them in the place that the block has in the queue. So it does
// not matter which of them is faster, and what comes out is the same with one thread or two.
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
  /// @param offset bytes of text before what the source gives
  /// @param ahead whether a second thread may read beside the caller's; it is started with the
  ///     second block, and the source must then be one that any thread may read
  /// @param piece bytes of a block of small frames
  FrameQueue(std::shared_ptr<const Request> request, std::unique_ptr<TextSource> source,
             std::size_t offset, bool ahead, std::size_t piece = TextBlocks::kPiece);
  ~FrameQueue() { close(); }
  FrameQueue(const FrameQueue&) = delete;
  FrameQueue& operator=(const FrameQueue&) = delete;

  /// The next frames (one or more); none at the end of the text.
  /// Throws what the source throws, but ipip::Error, which is an item, and ipip::Error in a process
  /// that was forked from the one that made this.
  std::vector<Item> next();

  /// Whether this process is the one that made this. In a forked one the second thread is missing,
  /// what it held is held for ever, and this can only be forgotten, not deleted.
  bool is_here() const;

  /// Ends the second thread, which finishes its block before, and keeps no free memory.
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
  TextBlocks blocks_;  // of whoever set `reading_`
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
