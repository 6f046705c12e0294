// SPDX-License-Identifier: MIT
#include "dump/frame_queue.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <exception>
#include <new>
#include <system_error>
#include <utility>

#include "ipip/error.hpp"

namespace ipip::dump {
namespace {

constexpr std::size_t kSlots = 6;                 // blocks being read or waiting
constexpr std::size_t kWaitingBytes = 1U << 27U;  // of text; no further block is read beyond this

Item wrong(const char* what) {
  Item item;
  item.kind = Item::Kind::wrong;
  item.error = what;
  return item;
}

}  // namespace

FrameQueue::FrameQueue(std::shared_ptr<const Request> request, std::unique_ptr<TextSource> source,
                       std::size_t offset, bool ahead, std::size_t piece)
    : process_(getpid()),
      ahead_(ahead),
      request_(std::move(request)),
      pool_(std::make_shared<MemoryPool>()),
      blocks_(std::move(source), offset, piece),
      own_(request_, pool_) {}

// Whether there is a block to read, and a place for it.
bool FrameQueue::may_work() const {
  return !ended_ && !reading_ && slots_.size() < kSlots && waiting_bytes_ < kWaitingBytes;
}

// Waits for a change. Not std::condition_variable::wait: compiled here that one call needs a newer
// libstdc++ (GLIBCXX_3.4.30) than clusters have.
void FrameQueue::wait(Lock& lock) {
  const int status = pthread_cond_wait(changed_.native_handle(), lock.mutex()->native_handle());
  if (status != 0) throw std::system_error(status, std::generic_category());
}

// Reads one block and its frames; the lock is held before and after, but not during the work.
void FrameQueue::work(Worker& worker, Lock& lock) {
  reading_ = true;
  lock.unlock();
  const auto slot = std::make_shared<Slot>();
  bool found = false;
  try {
    found = blocks_.next(worker.block);
  } catch (const Error& error) {
    slot->items.push_back(wrong(error.what()));
  } catch (const std::bad_alloc&) {
    slot->items.push_back(wrong("there is not enough memory for its text"));
  } catch (...) {  // a source in Python, which only the caller reads
    lock.lock();
    reading_ = false;
    ended_ = true;
    throw;
  }
  lock.lock();
  reading_ = false;
  ended_ = ended_ || !found || blocks_.ended();
  slot->done = !found;
  slot->bytes = found ? worker.block.size : 0;
  waiting_bytes_ += slot->bytes;
  if (found || !slot->items.empty()) slots_.push_back(slot);
  changed_.notify_all();
  if (!found) return;
  lock.unlock();
  try {
    slot->items = worker.reader.read(worker.block);
    for (const Item& item : slot->items) {
      if (item.kind == Item::Kind::frame || item.kind == Item::Kind::left_out) {
        blocks_.expect(item.end - item.begin);
        break;
      }
    }
  } catch (const std::bad_alloc&) {
    slot->items.clear();
    slot->items.push_back(wrong("there is not enough memory for its frames"));
  } catch (const std::exception& error) {  // no exception may leave the second thread
    slot->items.clear();
    slot->items.push_back(wrong(error.what()));
  }
  lock.lock();
  slot->done = true;
  changed_.notify_all();
}

void FrameQueue::read_ahead() {
  Worker worker(request_, pool_);
  Lock lock(mutex_);
  while (!closing_ && !ended_) {
    if (may_work()) {
      work(worker, lock);
    } else {
      wait(lock);
    }
  }
}

bool FrameQueue::is_here() const {
  return getpid() == process_;
}

std::vector<Item> FrameQueue::next() {
  if (!is_here()) {
    throw Error("was opened before this process was forked: open it again in each process");
  }
  Lock lock(mutex_);
  while (true) {
    if (!slots_.empty() && slots_.front()->done) {
      const std::shared_ptr<Slot> slot = slots_.front();
      slots_.pop_front();
      waiting_bytes_ -= slot->bytes;
      changed_.notify_all();
      if (!slot->items.empty()) return std::move(slot->items);
    } else if (slots_.empty() && ended_ && !reading_) {
      return {};
    } else if (may_work()) {
      // A reader of a single frame needs no thread: it comes with the second block.
      if (ahead_ && begun_ && !thread_) start_thread();
      begun_ = true;
      work(own_, lock);
    } else {
      wait(lock);
    }
  }
}

// Signals stay with the earlier threads. Without a second thread reading works, but slower.
void FrameQueue::start_thread() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::make_unique<std::thread>(&FrameQueue::read_ahead, this);
  } catch (const std::system_error&) {
    ahead_ = false;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void FrameQueue::close() {
  if (thread_) {
    {
      const std::lock_guard guard(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    thread_->join();
    thread_.reset();
  }
  pool_->close();
}

}  // namespace ipip::dump
