// Optimizer steps: SGD and AdamW. The gradients of all threads are summed on the way, in the threads' order.
#pragma once

#include "program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

LENET_INLINE Vector total_gradient(const Update& update, int i) {
  Vector total = load(update.gradients[0] + i);
  for (int g = 1; g < update.gradient_count; ++g) total += load(update.gradients[g] + i);
  return total;
}

LENET_INLINE void update_moving_average(const Update& update, int i, Vector parameters) {
  if (!update.moving_average) return;
  const Vector average = load(update.moving_average + i);
  store(update.moving_average + i, average + (1.f - update.ema_decay) * (parameters - average));
}

// Stochastic gradient descent with momentum, plain or Nesterov's, as torch.optim.SGD.
static void update_sgd(const Update& update) {
  for (int i = update.begin; i < update.end; i += lanes) {
    Vector parameters = load(update.parameters + i);
    const Vector gradient = total_gradient(update, i) + update.weight_decay * parameters;
    const Vector momentum = update.momentum * load(update.first_moment + i) + gradient;
    store(update.first_moment + i, momentum);
    parameters -= update.rate * (update.nesterov ? gradient + update.momentum * momentum : momentum);
    store(update.parameters + i, parameters);
    update_moving_average(update, i, parameters);
  }
}

// AdamW with a second beta of 0.999 and an epsilon of 1e-8, as torch.optim.AdamW.
static void update_adamw(const Update& update) {
  constexpr float second_momentum = 0.999f, epsilon = 1e-8f;
  for (int i = update.begin; i < update.end; i += lanes) {
    const Vector gradient = total_gradient(update, i);
    Vector first = load(update.first_moment + i), second = load(update.second_moment + i);
    first += (1.f - update.momentum) * (gradient - first);
    second = second_momentum * second + (1.f - second_momentum) * (gradient * gradient);
    store(update.first_moment + i, first);
    store(update.second_moment + i, second);
    Vector root = second * update.second_bias_correction;
    for (int lane = 0; lane < lanes; ++lane) root[lane] = __builtin_sqrtf(root[lane]);
    Vector parameters = load(update.parameters + i);
    parameters *= 1.f - update.rate * update.weight_decay;
    parameters -= (update.rate * update.first_bias_correction) * first / (root + epsilon);
    store(update.parameters + i, parameters);
    update_moving_average(update, i, parameters);
  }
}

}  // namespace lenet::LENET_ISA
