#include "team.h"

#include <chrono>
#include <new>

#include <unistd.h>

namespace lenet {

namespace {

constexpr auto spin_time = std::chrono::microseconds(100);

void pause_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

}  // namespace

void Barrier::arrive(int absent) { arrived_.fetch_add(absent); }

void Barrier::wait() {
  if (members_ == 1) return;
  const unsigned round = round_.load();
  if (arrived_.fetch_add(1) + 1 == members_) {
    arrived_.store(0);
    round_.store(round + 1);
    // A thread that increments `sleepers_` after this check reads the round again before it sleeps.
    if (sleepers_.load() > 0) {
      const std::lock_guard<std::mutex> lock(mutex_);
      woken_.notify_all();
    }
    return;
  }
  const auto deadline = std::chrono::steady_clock::now() + spin_time;
  do {
    for (int i = 0; i < 64; ++i) {
      if (round_.load(std::memory_order_acquire) != round) return;
      pause_cpu();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  std::unique_lock<std::mutex> lock(mutex_);
  sleepers_.fetch_add(1);
  woken_.wait(lock, [&] { return round_.load() != round; });
  sleepers_.fetch_sub(1);
}

Team::Team(int threads) : size_(threads), barrier_(threads), gate_(threads) {}

void Team::start() {
  const pid_t process = getpid();
  if (owner_ == process) return;
  if (owner_ != 0) {
    // A forked child inherits handles of threads that do not run in it, and locks in any state: construct them again.
    new (&threads_) std::vector<std::thread>();
    new (&barrier_) Barrier(size_);
    new (&gate_) Barrier(size_);
  }
  threads_.reserve(size_t(size_ - 1));
  try {
    for (int thread = 1; thread < size_; ++thread) threads_.emplace_back([this, thread] { thread_loop(thread); });
  } catch (...) {
    // The threads that did start wait at the gate for the missing ones: arrive in their place, then shut down.
    closing_ = true;
    gate_.arrive(size_ - 1 - int(threads_.size()));
    gate_.wait();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    closing_ = false;
    throw;
  }
  owner_ = process;
}

void Team::run(const std::function<void(int)>& work) {
  if (size_ > 1) start();
  work_ = &work;
  gate_.wait();
  work(0);
  gate_.wait();
}

void Team::thread_loop(int thread) {
  while (true) {
    gate_.wait();
    if (closing_) return;
    (*work_)(thread);
    gate_.wait();
  }
}

Team::~Team() {
  if (owner_ == 0) return;  // never started
  if (owner_ != getpid()) {
    // The threads belong to the parent process: joining or waiting here would deadlock.
    new (&threads_) std::vector<std::thread>();
    new (&barrier_) Barrier(size_);
    new (&gate_) Barrier(size_);
    return;
  }
  closing_ = true;
  gate_.wait();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace lenet
