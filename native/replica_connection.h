// Full connections, RBF distances and losses of replicas.
//
// A batch of one uses each weight three times and no more, and LeNet-5's of sixteen replicas (3.8 MB, and as many rates) do
// not fit into the L2 cache: memory traffic sets the speed. Units are processed in groups, so that as many rows of weights
// are fetched at once; and in reverse order in the backward pass, so that the rows used last are still cached.
#pragma once

#include "outputs.h"
#include "replica_steps.h"

namespace lenet::LENET_ISA {

constexpr int max_units = 8;  // of a group

// The largest power of two that fits.
LENET_INLINE int unit_group_size(int remaining) { return remaining >= 8 ? 8 : remaining >= 4 ? 4 : remaining >= 2 ? 2 : 1; }

template <int units>
static void forward_units(const Step& step, const ReplicaGroup& group, int first) {
  const float* in = group.block + ptrdiff_t(step.input.offset) * lanes;
  const int inputs = step.input.units();
  const ptrdiff_t row = ptrdiff_t(step.weight_row) * lanes;
  const float* weights = group.weights + step.weight * ptrdiff_t(lanes) + first * row;
  Vector sums[units];
  LENET_UNROLL for (int u = 0; u < units; ++u) sums[u] = weight_of(group, step.bias + first + u);
  for (int i = 0; i < inputs; ++i) {
    const Vector value = in_register(load(in + i * lanes));
    LENET_UNROLL for (int u = 0; u < units; ++u) sums[u] += value * in_register(load(weights + u * row + i * lanes));
  }
  LENET_UNROLL for (int u = 0; u < units; ++u) store(group.block + ptrdiff_t(step.output.offset + first + u) * lanes, sums[u]);
}

static void connect(const Step& step, const ReplicaGroup& group) {
  const int units = step.output.maps;
  for (int first = 0; first < units;) {
    const int count = unit_group_size(units - first);
    switch (count) {
      case 8: forward_units<8>(step, group, first); break;
      case 4: forward_units<4>(step, group, first); break;
      case 2: forward_units<2>(step, group, first); break;
      default: forward_units<1>(step, group, first);
    }
    first += count;
  }
  activate(step.activation, group.block + ptrdiff_t(step.output.offset) * lanes, units);
}

// Input gradients through the weights before the update, and the update, in one sweep over the weights.
template <bool curvature, int units>
static void backward_units(const Step& step, const ReplicaGroup& group, int first, bool overwrite) {
  const float* in = group.block + ptrdiff_t(step.input.offset) * lanes;
  float* in_grads = group.block + ptrdiff_t(step.input_grad.offset) * lanes;
  const int inputs = step.input.units();
  const ptrdiff_t row = step.weight_row, start = step.weight + first * row;
  Vector d[units];
  LENET_UNROLL for (int u = 0; u < units; ++u) d[u] = load(group.block + ptrdiff_t(step.output_grad.offset + first + u) * lanes);
  for (int i = 0; i < inputs; ++i) {
    const Vector value = in_register(power<curvature>(load(in + i * lanes)));
    Vector in_grad = overwrite || !step.needs_input_grad ? Vector{} : load(in_grads + i * lanes);
    LENET_UNROLL for (int u = 0; u < units; ++u) {
      const ptrdiff_t parameter = start + u * row + i;
      in_grad += power<curvature>(weight_of(group, parameter)) * d[u];
      apply_grad<curvature>(group, parameter, d[u] * value);
    }
    if (step.needs_input_grad) store(in_grads + i * lanes, in_grad);
  }
  LENET_UNROLL for (int u = 0; u < units; ++u) apply_grad<curvature>(group, step.bias + first + u, d[u]);
}

template <bool curvature>
static void connect_back(const Step& step, Activation previous_activation, const ReplicaGroup& group) {
  bool overwrite = true;
  for (int remaining = step.output.maps; remaining > 0; overwrite = false) {
    const int partial = remaining % max_units, count = partial ? unit_group_size(partial & -partial) : max_units;
    remaining -= count;
    switch (count) {
      case 8: backward_units<curvature, 8>(step, group, remaining, overwrite); break;
      case 4: backward_units<curvature, 4>(step, group, remaining, overwrite); break;
      case 2: backward_units<curvature, 2>(step, group, remaining, overwrite); break;
      default: backward_units<curvature, 1>(step, group, remaining, overwrite);
    }
  }
  if (!step.needs_input_grad) return;
  dispatch_activation(previous_activation, [&](auto which) {
    const float* in = group.block + ptrdiff_t(step.input.offset) * lanes;
    float* grads = group.block + ptrdiff_t(step.input_grad.offset) * lanes;
    for (int i = 0; i < step.input.units(); ++i) {
      store(grads + i * lanes, activation_grad<which.activation, curvature>(load(grads + i * lanes), load(in + i * lanes)));
    }
  });
}

// Each lane's loss and errors, and the gradient with respect to its outputs. Penalties and squared distances count `scale`
// times, and j is in the same units.
static void loss_and_grads(const Step& step, const ReplicaObjective& objective, const ReplicaGroup& group, Integers labels,
                    bool smallest_wins, double* losses, int64_t* errors) {
  const int classes = step.output.maps;
  const auto target = [&](int c, float correct, float wrong) {
    return where(labels == c, broadcast(correct), broadcast(wrong));
  };
  const float* outputs = group.block + ptrdiff_t(step.output.offset) * lanes;
  float* grads = group.block + ptrdiff_t(step.output_grad.offset) * lanes;
  const float scale = objective.scale;
  Vector best = smallest_wins ? -load(outputs) : load(outputs), loss{};
  Vector label_outputs = load(outputs);  // each lane's output for its label
  Integers predicted{};
  for (int c = 1; c < classes; ++c) {
    label_outputs = where(labels == c, load(outputs + c * lanes), label_outputs);
    const Vector rank = smallest_wins ? -load(outputs + c * lanes) : load(outputs + c * lanes);
    predicted = rank > best ? Integers{} + c : predicted;
    best = max(rank, best);
  }
  switch (objective.loss) {
    case ReplicaLoss::map:  // [LeCun98, eq. 9]
    case ReplicaLoss::cross_entropy: {
      const bool map = objective.loss == ReplicaLoss::map;
      const float sign = map ? -scale : 1.f;
      Vector maximum = map ? broadcast(-objective.j) : sign * load(outputs);
      for (int c = 0; c < classes; ++c) maximum = max(sign * load(outputs + c * lanes), maximum);
      Vector exp_sum = map ? exp(broadcast(-objective.j) - maximum) : Vector{};
      for (int c = 0; c < classes; ++c) {
        const Vector exponential = exp(sign * load(outputs + c * lanes) - maximum);
        store(grads + c * lanes, exponential);
        exp_sum += exponential;
      }
      for (int lane = 0; lane < lanes; ++lane) loss[lane] = __builtin_logf(exp_sum[lane]);
      loss += maximum - sign * label_outputs;
      const Vector inverse = 1.f / exp_sum;
      for (int c = 0; c < classes; ++c) {
        const Vector probability = in_register(load(grads + c * lanes) * inverse);  // never fused with what follows
        store(grads + c * lanes, sign * (probability - target(c, 1.f, 0.f)));
      }
      break;
    }
    case ReplicaLoss::sum_squared_error:
      for (int c = 0; c < classes; ++c) {
        const Vector difference = load(outputs + c * lanes) - target(c, 1.f, -1.f);
        loss += scale * (difference * difference);
        store(grads + c * lanes, (2.f * scale) * difference);
      }
      break;
    case ReplicaLoss::penalty:  // [LeCun98, eq. 8]
      loss = scale * label_outputs;
      for (int c = 0; c < classes; ++c) store(grads + c * lanes, target(c, scale, 0.f));
  }
  for (int lane = 0; lane < lanes; ++lane) {
    losses[lane] += double(loss[lane]);
    errors[lane] += predicted[lane] != labels[lane];
  }
}

// The backward pass of a Euclidean RBF, to the sums of the step before it.
static void squared_distances_back(const Program& program, const Step& step, Activation previous_activation,
                                   const ReplicaGroup& group) {
  if (!step.needs_input_grad) return;
  squared_distances_back(program, step, group.block);
  dispatch_activation(previous_activation, [&](auto which) {
    const float* in = group.block + ptrdiff_t(step.input.offset) * lanes;
    float* grads = group.block + ptrdiff_t(step.input_grad.offset) * lanes;
    for (int j = 0; j < step.input.units(); ++j) {
      store(grads + j * lanes, activation_grad<which.activation, false>(load(grads + j * lanes), load(in + j * lanes)));
    }
  });
}

}  // namespace lenet::LENET_ISA
