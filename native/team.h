// A team of threads that run one function in parallel.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace lenet {

// A barrier that spins briefly, because the others are usually almost done, and then sleeps, because another process may
// have taken their processor.
class Barrier {
 public:
  explicit Barrier(int members) : members_(members) {}
  void wait();
  // Counts absent members as arrived; a present one has to wait after it.
  void arrive(int absent);

 private:
  const int members_;
  std::atomic<int> arrived_{0}, sleepers_{0};
  std::atomic<unsigned> round_{0};
  std::mutex mutex_;
  std::condition_variable woken_;
};

class Team {
 public:
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return size_; }
  // Runs `work` once on every thread, with its number, and returns when all are done. The caller is thread 0.
  void run(const std::function<void(int)>& work);
  // Inside `work`: waits for all threads.
  void synchronize() { barrier_.wait(); }

 private:
  void thread_loop(int thread);
  void start();

  const int size_;
  Barrier barrier_;  // inside `work`
  Barrier gate_;     // before and after `work`
  std::vector<std::thread> threads_;
  const std::function<void(int)>* work_ = nullptr;
  bool closing_ = false;
  pid_t owner_ = 0;  // threads do not survive a fork
};

}  // namespace lenet
