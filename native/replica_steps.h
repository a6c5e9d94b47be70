// What the steps of replicas share, and those steps that pool.
//
// Going back, a step finds the derivatives with respect to its *sums* in `out_slope`, and leaves those with respect to the
// sums of the step before it in `in_slope`. The diagonal second derivatives take the same way with every factor squared
// [LeCun98, eq. 25 and 27]; `curvature` says which of the two is meant.
#pragma once

#include "activations.h"
#include "pooling.h"
#include "program.h"
#include "replica_program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

template <bool curvature>
LENET_INLINE Vector factor(Vector v) {
  return curvature ? v * v : v;
}

LENET_INLINE Vector weight_of(const ReplicaGroup& group, ptrdiff_t parameter) { return load(group.weights + parameter * lanes); }

// One update of a parameter [LeCun98, eq. 18], or its share of h [eq. 23].
template <bool curvature>
LENET_INLINE void take(const ReplicaGroup& group, ptrdiff_t parameter, Vector derivative) {
  const ptrdiff_t at = parameter * lanes;
  if (curvature) store(group.curvatures + at, load(group.curvatures + at) + derivative);
  else store(group.weights + at, load(group.weights + at) - load(group.rates + at) * derivative);
}

template <Activation activation, bool curvature>
LENET_INLINE Vector through(Vector derivative, Vector given) {
  if (activation == Activation::identity) return derivative;
  if (activation == Activation::relu) return masked(given > Vector{}, derivative);
  return derivative * factor<curvature>(slope<activation>(given));
}

template <Activation value>
struct Which {
  static constexpr Activation activation = value;
};

template <class Work>
LENET_INLINE void by_activation(Activation activation, Work work) {
  switch (activation) {
    case Activation::squash: return work(Which<Activation::squash>{});
    case Activation::tanh: return work(Which<Activation::tanh>{});
    case Activation::sigmoid: return work(Which<Activation::sigmoid>{});
    case Activation::relu: return work(Which<Activation::relu>{});
    default: return work(Which<Activation::identity>{});
  }
}

static void subsample(const Step& step, const ReplicaGroup& group) {
  for (int m = 0; m < step.out.maps; ++m) {
    const Vector coefficient = weight_of(group, step.weight + m), bias = weight_of(group, step.bias + m);
    for (int y = 0; y < step.out.height; ++y) {
      for (int x = 0; x < step.out.width; ++x) {
        const Vector sum = patch_sum(group.block, step, m / step.copies, y, x) * coefficient + bias;
        store(unit(group.block, step.out, m, y, x), sum);
      }
    }
  }
  activate(step.activation, group.block, step.out);
}

// All copies of one input map at once, so that what they pass back is added up in a register.
// `size` 0 stands for patches of any size.
template <bool curvature, Activation before, int copies, int size>
static void subsample_back(const Step& step, const ReplicaGroup& group, int map) {
  const int height = size ? size : step.window_height, width = size ? size : step.window_width;
  const int first = map * copies;
  Vector coefficients[copies], for_coefficients[copies] = {}, for_biases[copies] = {};
  LENET_UNROLL for (int c = 0; c < copies; ++c) coefficients[c] = factor<curvature>(weight_of(group, step.weight + first + c));
  for (int y = 0; y < step.out.height; ++y) {
    for (int x = 0; x < step.out.width; ++x) {
      const Vector sum = factor<curvature>(patch_sum(group.block, step, map, y, x));
      Vector passed{};
      LENET_UNROLL for (int c = 0; c < copies; ++c) {
        const Vector d = load(unit(group.block, step.out_slope, first + c, y, x));
        for_biases[c] += d;
        for_coefficients[c] += d * sum;
        passed += d * coefficients[c];
      }
      if (!step.passes_back) continue;
      for (int dy = 0; dy < height; ++dy) {
        const float* row = unit(group.block, step.in, map, y * height + dy, x * width);
        float* slopes = unit(group.block, step.in_slope, map, y * height + dy, x * width);
        for (int dx = 0; dx < width; ++dx) {
          store(slopes + dx * lanes, through<before, curvature>(passed, load(row + dx * lanes)));
        }
      }
    }
  }
  LENET_UNROLL for (int c = 0; c < copies; ++c) {
    take<curvature>(group, step.weight + first + c, for_coefficients[c]);
    take<curvature>(group, step.bias + first + c, for_biases[c]);
  }
}

template <bool curvature, int copies = 1>
static void subsample_back(const Step& step, Activation before, const ReplicaGroup& group) {
  if constexpr (copies < max_copies) {
    if (step.copies > copies) return subsample_back<curvature, copies + 1>(step, before, group);
  }
  by_activation(before, [&](auto which) {
    for (int m = 0; m < step.in.maps; ++m) {
      if (step.window_height == 2) subsample_back<curvature, which.activation, copies, 2>(step, group, m);
      else subsample_back<curvature, which.activation, copies, 0>(step, group, m);
    }
  });
}

// Max pooling passes everything to the first of the largest units, average pooling an equal share to each.
template <bool curvature>
static void pool_back(const Step& step, Activation before, const ReplicaGroup& group) {
  if (!step.passes_back) return;
  const bool average = step.kind == Kind::average_pooling;
  const int height = step.window_height, width = step.window_width;
  const Vector share = factor<curvature>(broadcast(1.f / float(height * width)));
  by_activation(before, [&](auto which) {
    for (int m = 0; m < step.out.maps; ++m) {
      for (int y = 0; y < step.out.height; ++y) {
        for (int x = 0; x < step.out.width; ++x) {
          const Vector d = load(unit(group.block, step.out_slope, m, y, x));
          Vector most = load(unit(group.block, step.in, m, y * height, x * width));
          Integers winner{};
          for (int i = 1; i < height * width; ++i) {
            const Vector value = load(unit(group.block, step.in, m, y * height + i / width, x * width + i % width));
            winner = value > most ? Integers{} + i : winner;
            most = at_least(value, most);
          }
          for (int i = 0; i < height * width; ++i) {
            const int at_y = y * height + i / width, at_x = x * width + i % width;
            const Vector passed = average ? d * share : masked(winner == i, d);
            const Vector given = load(unit(group.block, step.in, m, at_y, at_x));
            store(unit(group.block, step.in_slope, m, at_y, at_x), through<which.activation, curvature>(passed, given));
          }
        }
      }
    }
  });
}

}  // namespace lenet::LENET_ISA
