// Whose turn it is: one call at a time into an engine, and none while the process forks.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace lenet {

// A child process has only the thread that forked. Were another one inside an engine at that moment, the child would
// inherit its lock, which nobody opens, and memory in the middle of a change: so a fork waits for the calls under way.
// Take a turn without Python's interpreter lock, which the thread that forks holds while it waits.
class Turn {
 public:
  explicit Turn(std::mutex& busy);

 private:
  const std::shared_lock<std::shared_mutex> unforked_;
  const std::lock_guard<std::mutex> alone_;
};

}  // namespace lenet
