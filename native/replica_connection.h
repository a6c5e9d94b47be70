// Full connections of replicas, their distances and their losses.
//
// A batch of one uses each weight three times and no more, and LeNet-5's of sixteen replicas (3.8 MB, and as many rates) do
// not fit into the second cache: what counts is how often they pass. Units are taken in groups, so that as many rows of
// weights are fetched at once; and backward in the opposite order, so that what was used last is met first.
#pragma once

#include "outputs.h"
#include "replica_steps.h"

namespace lenet::LENET_ISA {

constexpr int max_units = 8;  // that are taken together

// The largest power of two that fits.
LENET_INLINE int together(int left) { return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1; }

template <int units>
static void connect_units(const Step& step, const ReplicaGroup& group, int first) {
  const float* in = group.block + ptrdiff_t(step.in.offset) * lanes;
  const int inputs = step.in.units();
  const ptrdiff_t row = ptrdiff_t(step.weight_row) * lanes;
  const float* weights = group.weights + step.weight * ptrdiff_t(lanes) + first * row;
  Vector sums[units];
  LENET_UNROLL for (int u = 0; u < units; ++u) sums[u] = weight_of(group, step.bias + first + u);
  for (int i = 0; i < inputs; ++i) {
    const Vector value = in_register(load(in + i * lanes));
    LENET_UNROLL for (int u = 0; u < units; ++u) sums[u] += value * in_register(load(weights + u * row + i * lanes));
  }
  LENET_UNROLL for (int u = 0; u < units; ++u) store(group.block + ptrdiff_t(step.out.offset + first + u) * lanes, sums[u]);
}

static void connect(const Step& step, const ReplicaGroup& group) {
  const int units = step.out.maps;
  for (int first = 0; first < units;) {
    const int count = together(units - first);
    switch (count) {
      case 8: connect_units<8>(step, group, first); break;
      case 4: connect_units<4>(step, group, first); break;
      case 2: connect_units<2>(step, group, first); break;
      default: connect_units<1>(step, group, first);
    }
    first += count;
  }
  activate(step.activation, group.block + ptrdiff_t(step.out.offset) * lanes, units);
}

// In one sweep: what the units pass back, through their weights as they are, and then what these learn.
template <bool curvature, int units>
static void connect_units_back(const Step& step, const ReplicaGroup& group, int first, bool fresh) {
  const float* in = group.block + ptrdiff_t(step.in.offset) * lanes;
  float* in_slopes = group.block + ptrdiff_t(step.in_slope.offset) * lanes;
  const int inputs = step.in.units();
  const ptrdiff_t row = step.weight_row, start = step.weight + first * row;
  Vector d[units];
  LENET_UNROLL for (int u = 0; u < units; ++u) d[u] = load(group.block + ptrdiff_t(step.out_slope.offset + first + u) * lanes);
  for (int i = 0; i < inputs; ++i) {
    const Vector value = in_register(factor<curvature>(load(in + i * lanes)));
    Vector passed = fresh || !step.passes_back ? Vector{} : load(in_slopes + i * lanes);
    LENET_UNROLL for (int u = 0; u < units; ++u) {
      const ptrdiff_t parameter = start + u * row + i;
      passed += factor<curvature>(weight_of(group, parameter)) * d[u];
      take<curvature>(group, parameter, d[u] * value);
    }
    if (step.passes_back) store(in_slopes + i * lanes, passed);
  }
  LENET_UNROLL for (int u = 0; u < units; ++u) take<curvature>(group, step.bias + first + u, d[u]);
}

template <bool curvature>
static void connect_back(const Step& step, Activation before, const ReplicaGroup& group) {
  bool fresh = true;
  for (int left = step.out.maps; left > 0; fresh = false) {
    const int tail = left % max_units, count = tail ? together(tail & -tail) : max_units;
    left -= count;
    switch (count) {
      case 8: connect_units_back<curvature, 8>(step, group, left, fresh); break;
      case 4: connect_units_back<curvature, 4>(step, group, left, fresh); break;
      case 2: connect_units_back<curvature, 2>(step, group, left, fresh); break;
      default: connect_units_back<curvature, 1>(step, group, left, fresh);
    }
  }
  if (!step.passes_back) return;
  by_activation(before, [&](auto which) {
    const float* in = group.block + ptrdiff_t(step.in.offset) * lanes;
    float* slopes = group.block + ptrdiff_t(step.in_slope.offset) * lanes;
    for (int i = 0; i < step.in.units(); ++i) {
      store(slopes + i * lanes, through<which.activation, curvature>(load(slopes + i * lanes), load(in + i * lanes)));
    }
  });
}

// Each lane's loss and errors, and its derivatives with respect to the outputs. Penalties and squared distances count
// `scale` times, and j is in the same units.
static void measure(const Step& step, const ReplicaObjective& objective, const ReplicaGroup& group, Integers labels,
                    bool smallest_wins, double* losses, int64_t* errors) {
  const int classes = step.out.maps;
  const auto target = [&](int c, float correct, float wrong) {
    return where(labels == c, broadcast(correct), broadcast(wrong));
  };
  const float* given = group.block + ptrdiff_t(step.out.offset) * lanes;
  float* slopes = group.block + ptrdiff_t(step.out_slope.offset) * lanes;
  const float scale = objective.scale;
  Vector best = smallest_wins ? -load(given) : load(given), loss{};
  Vector wanted = load(given);  // what each lane gives for its label
  Integers winner{};
  for (int c = 1; c < classes; ++c) {
    wanted = where(labels == c, load(given + c * lanes), wanted);
    const Vector rank = smallest_wins ? -load(given + c * lanes) : load(given + c * lanes);
    winner = rank > best ? Integers{} + c : winner;
    best = at_least(rank, best);
  }
  switch (objective.loss) {
    case Loss::map:  // [LeCun98, eq. 9]
    case Loss::cross_entropy: {
      const bool map = objective.loss == Loss::map;
      const float sign = map ? -scale : 1.f;
      Vector most = map ? broadcast(-objective.j) : sign * load(given);
      for (int c = 0; c < classes; ++c) most = at_least(sign * load(given + c * lanes), most);
      Vector powers = map ? exp(broadcast(-objective.j) - most) : Vector{};
      for (int c = 0; c < classes; ++c) {
        const Vector power = exp(sign * load(given + c * lanes) - most);
        store(slopes + c * lanes, power);
        powers += power;
      }
      for (int lane = 0; lane < lanes; ++lane) loss[lane] = __builtin_logf(powers[lane]);
      loss += most - sign * wanted;
      const Vector share = 1.f / powers;
      for (int c = 0; c < classes; ++c) {
        const Vector probability = in_register(load(slopes + c * lanes) * share);  // never fused with what follows
        store(slopes + c * lanes, sign * (probability - target(c, 1.f, 0.f)));
      }
      break;
    }
    case Loss::mean_squared_error:
      for (int c = 0; c < classes; ++c) {
        const Vector apart = load(given + c * lanes) - target(c, 1.f, -1.f);
        loss += scale * (apart * apart);
        store(slopes + c * lanes, (2.f * scale) * apart);
      }
      break;
    default:  // [LeCun98, eq. 8]
      loss = scale * wanted;
      for (int c = 0; c < classes; ++c) store(slopes + c * lanes, target(c, scale, 0.f));
  }
  for (int lane = 0; lane < lanes; ++lane) {
    losses[lane] += double(loss[lane]);
    errors[lane] += winner[lane] != labels[lane];
  }
}

// From the derivatives of distances to those of the last units' sums.
static void distances_back(const Program& program, const Step& step, Activation before, const ReplicaGroup& group) {
  if (!step.passes_back) return;
  distances_back(program, step, group.block);
  by_activation(before, [&](auto which) {
    const float* in = group.block + ptrdiff_t(step.in.offset) * lanes;
    float* slopes = group.block + ptrdiff_t(step.in_slope.offset) * lanes;
    for (int j = 0; j < step.in.units(); ++j) {
      store(slopes + j * lanes, through<which.activation, false>(load(slopes + j * lanes), load(in + j * lanes)));
    }
  });
}

}  // namespace lenet::LENET_ISA
