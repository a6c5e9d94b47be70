// A lock for calls into an engine: one at a time, and none while the process forks.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace lenet {

// A forked child has only the thread that forked. If another thread were inside an engine, the child would inherit its
// lock, never released, and memory in the middle of a change: so a fork waits for the calls in progress.
// Take it without holding the GIL, which the forking thread holds while it waits.
class CallLock {
 public:
  explicit CallLock(std::mutex& call_mutex);

 private:
  const std::shared_lock<std::shared_mutex> no_fork_;
  const std::lock_guard<std::mutex> exclusive_;
};

}  // namespace lenet
