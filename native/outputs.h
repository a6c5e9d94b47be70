// Distances to prototypes, and the losses: what the last units say, and how wrong it is.
#pragma once

#include "program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

// y_i = Σ_j (x_j - w_ij)² [LeCun98, eq. 7].
static void measure_distances(const Program& program, const Step& step, float* block) {
  const float* prototypes = program.constants + step.constants;
  const float* in = block + step.in.offset * lanes;
  const int units = step.in.units();
  for (int c = 0; c < step.out.maps; ++c) {
    Vector total[2] = {};
    for (int j = 0; j < units; ++j) {
      const Vector apart = load(in + j * lanes) - prototypes[c * units + j];
      total[j % 2] += apart * apart;
    }
    store(block + (step.out.offset + c) * lanes, total[0] + total[1]);
  }
}

static void distances_back(const Program& program, const Step& step, float* block) {
  if (!step.passes_back) return;
  const float* prototypes = program.constants + step.constants;
  const int units = step.in.units();
  for (int j = 0; j < units; ++j) {
    const Vector x = load(block + (step.in.offset + j) * lanes);
    Vector total{};
    for (int c = 0; c < step.out.maps; ++c) {
      total += load(block + (step.out_slope.offset + c) * lanes) * (x - prototypes[c * units + j]);
    }
    store(block + (step.in_slope.offset + j) * lanes, total + total);
  }
}

// The loss of one block, and its derivatives times `share`; lanes without an example get derivatives of 0.
static Tally measure_loss(const Step& step, const Objective& objective, float* block, const int32_t* labels, int count,
                          bool smallest_wins, float share) {
  const int classes = step.out.maps;
  const float* given = block + step.out.offset * lanes;
  float* slopes = block + step.out_slope.offset * lanes;
  Integers label, present;
  for (int lane = 0; lane < lanes; ++lane) {
    label[lane] = lane < count ? labels[lane] : 0;
    present[lane] = lane < count ? -1 : 0;
  }
  const bool penalties = objective.loss == Loss::map || objective.loss == Loss::penalty;
  const float sign = penalties ? -1.f : 1.f;
  // Of the scores (penalties count negatively): the largest, that of the correct class, and their sum.
  Vector most = sign * load(given), correct{}, sum{};
  Vector best = smallest_wins ? -load(given) : load(given);
  Integers winner{};
  for (int c = 0; c < classes; ++c) {
    const Vector value = load(given + c * lanes), score = sign * value, rank = smallest_wins ? -value : value;
    most = at_least(score, most);
    winner = rank > best ? Integers{} + c : winner;
    best = at_least(rank, best);
    correct += masked(label == c, score);
    sum += score;
  }
  if (objective.loss == Loss::map) most = at_least(broadcast(-objective.j), most);
  Vector powers = objective.loss == Loss::map ? exp(broadcast(-objective.j) - most) : Vector{};
  if (objective.loss == Loss::cross_entropy || objective.loss == Loss::map) {
    for (int c = 0; c < classes; ++c) powers += exp(sign * load(given + c * lanes) - most);
  }
  const float smoothing = penalties ? 0 : objective.label_smoothing, even = smoothing / float(classes);
  Vector loss{};
  switch (objective.loss) {
    case Loss::cross_entropy:
    case Loss::map: {  // log Σ exp(scores) - the correct score; eq. 9 adds a score of -j for no class at all
      Vector log_total;
      for (int lane = 0; lane < lanes; ++lane) log_total[lane] = __builtin_logf(powers[lane]);
      loss = most + log_total - (1.f - smoothing) * correct - even * sum;
      const Vector scale = share / powers;
      for (int c = 0; c < classes; ++c) {
        const Vector wanted = where(label == c, broadcast(1.f - smoothing + even), broadcast(even));
        const Vector d = exp(sign * load(given + c * lanes) - most) * scale - share * wanted;
        store(slopes + c * lanes, masked(present, sign * d));
      }
      break;
    }
    case Loss::nll:
      loss = -(1.f - smoothing) * correct - even * sum;
      for (int c = 0; c < classes; ++c) {
        const Vector wanted = where(label == c, broadcast(1.f - smoothing + even), broadcast(even));
        store(slopes + c * lanes, masked(present, -share * wanted));
      }
      break;
    case Loss::penalty:  // [LeCun98, eq. 8]
      loss = -correct;
      for (int c = 0; c < classes; ++c) store(slopes + c * lanes, masked(present & (label == c), broadcast(share)));
      break;
    case Loss::mean_squared_error:  // targets of +1 for the correct class and -1 for the others
      for (int c = 0; c < classes; ++c) {
        const Vector apart = load(given + c * lanes) - where(label == c, broadcast(1.f), broadcast(-1.f));
        loss += apart * apart;
        store(slopes + c * lanes, masked(present, (2.f * share / float(classes)) * apart));
      }
      loss *= 1.f / float(classes);
      break;
  }
  Tally tally;
  for (int lane = 0; lane < count; ++lane) {
    tally.loss += loss[lane];
    tally.errors += winner[lane] != label[lane];
  }
  return tally;
}

}  // namespace lenet::LENET_ISA
