#include "call_lock.h"

#include <new>

#include <pthread.h>

namespace lenet {

namespace {

// Held shared by calls, exclusively by a fork. Never destroyed, as threads may outlive static objects.
std::shared_mutex& calls = *new std::shared_mutex;

// In the child no other thread is left that could hold it or wait for it.
const int fork_handlers =
    pthread_atfork([] { calls.lock(); }, [] { calls.unlock(); }, [] { new (&calls) std::shared_mutex; });

}  // namespace

CallLock::CallLock(std::mutex& call_mutex) : no_fork_(calls), exclusive_(call_mutex) {}

}  // namespace lenet
