#include "turn.h"

#include <new>

#include <pthread.h>

namespace lenet {

namespace {

// Shared by the calls under way; a fork takes it alone. Never destroyed, as threads may outlive static objects.
std::shared_mutex& calls = *new std::shared_mutex;

// In the child nobody else is left who could hold it or wait for it.
const int known_to_forks =
    pthread_atfork([] { calls.lock(); }, [] { calls.unlock(); }, [] { new (&calls) std::shared_mutex; });

}  // namespace

Turn::Turn(std::mutex& busy) : unforked_(calls), alone_(busy) {}

}  // namespace lenet
