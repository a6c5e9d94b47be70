// Squared distances to prototypes (Euclidean RBF), and the losses.
#pragma once

#include "program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

// y_i = Σ_j (x_j - w_ij)² [LeCun98, eq. 7].
static void squared_distances(const Program& program, const Step& step, float* block) {
  const float* prototypes = program.constants + step.constants;
  const float* in = block + step.input.offset * lanes;
  const int units = step.input.units();
  for (int c = 0; c < step.output.maps; ++c) {
    Vector total[2] = {};
    for (int j = 0; j < units; ++j) {
      const Vector difference = load(in + j * lanes) - prototypes[c * units + j];
      total[j % 2] += difference * difference;
    }
    store(block + (step.output.offset + c) * lanes, total[0] + total[1]);
  }
}

static void squared_distances_back(const Program& program, const Step& step, float* block) {
  if (!step.needs_input_grad) return;
  const float* prototypes = program.constants + step.constants;
  const int units = step.input.units();
  for (int j = 0; j < units; ++j) {
    const Vector x = load(block + (step.input.offset + j) * lanes);
    Vector total{};
    for (int c = 0; c < step.output.maps; ++c) {
      total += load(block + (step.output_grad.offset + c) * lanes) * (x - prototypes[c * units + j]);
    }
    store(block + (step.input_grad.offset + j) * lanes, total + total);
  }
}

// The loss of one block, and its gradient times `grad_scale`; lanes without an example get a gradient of 0.
static Tally loss_of_block(const Step& step, const Objective& objective, float* block, const int32_t* labels, int count,
                          bool smallest_wins, float grad_scale) {
  const int classes = step.output.maps;
  const float* outputs = block + step.output.offset * lanes;
  float* grads = block + step.output_grad.offset * lanes;
  Integers label, valid;
  for (int lane = 0; lane < lanes; ++lane) {
    label[lane] = lane < count ? labels[lane] : 0;
    valid[lane] = lane < count ? -1 : 0;
  }
  const bool penalties = objective.loss == Loss::map || objective.loss == Loss::penalty;
  const float sign = penalties ? -1.f : 1.f;
  // Of the scores (penalties count negatively): the largest, that of the correct class, and their sum.
  Vector maximum = sign * load(outputs), correct{}, sum{};
  Vector best = smallest_wins ? -load(outputs) : load(outputs);
  Integers predicted{};
  for (int c = 0; c < classes; ++c) {
    const Vector value = load(outputs + c * lanes), score = sign * value, rank = smallest_wins ? -value : value;
    maximum = max(score, maximum);
    predicted = rank > best ? Integers{} + c : predicted;
    best = max(rank, best);
    correct += masked(label == c, score);
    sum += score;
  }
  if (objective.loss == Loss::map) maximum = max(broadcast(-objective.j), maximum);
  Vector exp_sum = objective.loss == Loss::map ? exp(broadcast(-objective.j) - maximum) : Vector{};
  if (objective.loss == Loss::cross_entropy || objective.loss == Loss::map) {
    for (int c = 0; c < classes; ++c) exp_sum += exp(sign * load(outputs + c * lanes) - maximum);
  }
  const float smoothing = penalties ? 0 : objective.label_smoothing, uniform = smoothing / float(classes);
  Vector loss{};
  switch (objective.loss) {
    case Loss::cross_entropy:
    case Loss::map: {  // log Σ exp(scores) - the correct score; eq. 9 adds a score of -j for no class at all
      Vector log_total;
      for (int lane = 0; lane < lanes; ++lane) log_total[lane] = __builtin_logf(exp_sum[lane]);
      loss = maximum + log_total - (1.f - smoothing) * correct - uniform * sum;
      const Vector scale = grad_scale / exp_sum;
      for (int c = 0; c < classes; ++c) {
        const Vector target = where(label == c, broadcast(1.f - smoothing + uniform), broadcast(uniform));
        const Vector d = exp(sign * load(outputs + c * lanes) - maximum) * scale - grad_scale * target;
        store(grads + c * lanes, masked(valid, sign * d));
      }
      break;
    }
    case Loss::nll:
      loss = -(1.f - smoothing) * correct - uniform * sum;
      for (int c = 0; c < classes; ++c) {
        const Vector target = where(label == c, broadcast(1.f - smoothing + uniform), broadcast(uniform));
        store(grads + c * lanes, masked(valid, -grad_scale * target));
      }
      break;
    case Loss::penalty:  // [LeCun98, eq. 8]
      loss = -correct;
      for (int c = 0; c < classes; ++c) store(grads + c * lanes, masked(valid & (label == c), broadcast(grad_scale)));
      break;
    case Loss::mean_squared_error:  // targets of +1 for the correct class and -1 for the others
      for (int c = 0; c < classes; ++c) {
        const Vector difference = load(outputs + c * lanes) - where(label == c, broadcast(1.f), broadcast(-1.f));
        loss += difference * difference;
        store(grads + c * lanes, masked(valid, (2.f * grad_scale / float(classes)) * difference));
      }
      loss *= 1.f / float(classes);
      break;
  }
  Tally tally;
  for (int lane = 0; lane < count; ++lane) {
    tally.loss += loss[lane];
    tally.errors += predicted[lane] != label[lane];
  }
  return tally;
}

}  // namespace lenet::LENET_ISA
