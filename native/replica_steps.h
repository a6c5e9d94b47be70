// Parameter updates, activations and pooling of replicas.
//
// In the backward pass a step reads the gradient with respect to its weighted *sums* from `output_grad`, and writes that
// with respect to the sums of the step before it to `input_grad`. The diagonal second derivatives follow the same recursion
// with every factor squared [LeCun98, eq. 25 and 27]; `curvature` selects them.
#pragma once

#include "activations.h"
#include "pooling.h"
#include "program.h"
#include "replica_program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

// A factor of the recursion: v, or v² for second derivatives.
template <bool curvature>
LENET_INLINE Vector power(Vector v) {
  return curvature ? v * v : v;
}

LENET_INLINE Vector weight_of(const ReplicaGroup& group, ptrdiff_t parameter) { return load(group.weights + parameter * lanes); }

// Updates a parameter by its gradient [LeCun98, eq. 18], or adds a second derivative to its h [eq. 23].
template <bool curvature>
LENET_INLINE void apply_grad(const ReplicaGroup& group, ptrdiff_t parameter, Vector derivative) {
  const ptrdiff_t offset = parameter * lanes;
  if (curvature) store(group.curvatures + offset, load(group.curvatures + offset) + derivative);
  else store(group.weights + offset, load(group.weights + offset) - load(group.rates + offset) * derivative);
}

template <Activation activation, bool curvature>
LENET_INLINE Vector activation_grad(Vector grad, Vector out) {
  if (activation == Activation::identity) return grad;
  if (activation == Activation::relu) return masked(out > Vector{}, grad);
  return grad * power<curvature>(derivative<activation>(out));
}

template <Activation value>
struct ActivationTag {
  static constexpr Activation activation = value;
};

template <class Work>
LENET_INLINE void dispatch_activation(Activation activation, Work work) {
  switch (activation) {
    case Activation::squash: return work(ActivationTag<Activation::squash>{});
    case Activation::tanh: return work(ActivationTag<Activation::tanh>{});
    case Activation::sigmoid: return work(ActivationTag<Activation::sigmoid>{});
    case Activation::relu: return work(ActivationTag<Activation::relu>{});
    default: return work(ActivationTag<Activation::identity>{});
  }
}

static void subsample(const Step& step, const ReplicaGroup& group) {
  for (int m = 0; m < step.output.maps; ++m) {
    const Vector coefficient = weight_of(group, step.weight + m), bias = weight_of(group, step.bias + m);
    for (int y = 0; y < step.output.height; ++y) {
      for (int x = 0; x < step.output.width; ++x) {
        const Vector sum = window_sum(group.block, step, m / step.copies, y, x) * coefficient + bias;
        store(unit(group.block, step.output, m, y, x), sum);
      }
    }
  }
  activate(step.activation, group.block, step.output);
}

// The backward pass of all copies of one input map, whose input gradients are summed in a register.
// `size` 0 stands for windows of any size.
template <bool curvature, Activation previous_activation, int copies, int size>
static void subsample_back(const Step& step, const ReplicaGroup& group, int map) {
  const int height = size ? size : step.window_height, width = size ? size : step.window_width;
  const int first = map * copies;
  Vector coefficients[copies], coefficient_grads[copies] = {}, bias_grads[copies] = {};
  LENET_UNROLL for (int c = 0; c < copies; ++c) coefficients[c] = power<curvature>(weight_of(group, step.weight + first + c));
  for (int y = 0; y < step.output.height; ++y) {
    for (int x = 0; x < step.output.width; ++x) {
      const Vector sum = power<curvature>(window_sum(group.block, step, map, y, x));
      Vector in_grad{};
      LENET_UNROLL for (int c = 0; c < copies; ++c) {
        const Vector d = load(unit(group.block, step.output_grad, first + c, y, x));
        bias_grads[c] += d;
        coefficient_grads[c] += d * sum;
        in_grad += d * coefficients[c];
      }
      if (!step.needs_input_grad) continue;
      for (int dy = 0; dy < height; ++dy) {
        const float* row = unit(group.block, step.input, map, y * height + dy, x * width);
        float* grads = unit(group.block, step.input_grad, map, y * height + dy, x * width);
        for (int dx = 0; dx < width; ++dx) {
          store(grads + dx * lanes, activation_grad<previous_activation, curvature>(in_grad, load(row + dx * lanes)));
        }
      }
    }
  }
  LENET_UNROLL for (int c = 0; c < copies; ++c) {
    apply_grad<curvature>(group, step.weight + first + c, coefficient_grads[c]);
    apply_grad<curvature>(group, step.bias + first + c, bias_grads[c]);
  }
}

template <bool curvature, int copies = 1>
static void subsample_back(const Step& step, Activation previous_activation, const ReplicaGroup& group) {
  if constexpr (copies < max_copies) {
    if (step.copies > copies) return subsample_back<curvature, copies + 1>(step, previous_activation, group);
  }
  dispatch_activation(previous_activation, [&](auto which) {
    for (int m = 0; m < step.input.maps; ++m) {
      if (step.window_height == 2) subsample_back<curvature, which.activation, copies, 2>(step, group, m);
      else subsample_back<curvature, which.activation, copies, 0>(step, group, m);
    }
  });
}

// The backward pass of pooling: max pooling routes the gradient to the first of the largest units, average pooling divides
// it among all.
template <bool curvature>
static void pool_back(const Step& step, Activation previous_activation, const ReplicaGroup& group) {
  if (!step.needs_input_grad) return;
  const bool average = step.kind == Kind::average_pooling;
  const int height = step.window_height, width = step.window_width;
  const Vector scale = power<curvature>(broadcast(1.f / float(height * width)));
  dispatch_activation(previous_activation, [&](auto which) {
    for (int m = 0; m < step.output.maps; ++m) {
      for (int y = 0; y < step.output.height; ++y) {
        for (int x = 0; x < step.output.width; ++x) {
          const Vector d = load(unit(group.block, step.output_grad, m, y, x));
          Vector largest = load(unit(group.block, step.input, m, y * height, x * width));
          Integers max_index{};
          for (int i = 1; i < height * width; ++i) {
            const Vector value = load(unit(group.block, step.input, m, y * height + i / width, x * width + i % width));
            max_index = value > largest ? Integers{} + i : max_index;
            largest = max(value, largest);
          }
          for (int i = 0; i < height * width; ++i) {
            const int at_y = y * height + i / width, at_x = x * width + i % width;
            const Vector in_grad = average ? d * scale : masked(max_index == i, d);
            const Vector in = load(unit(group.block, step.input, m, at_y, at_x));
            store(unit(group.block, step.input_grad, m, at_y, at_x), activation_grad<which.activation, curvature>(in_grad, in));
          }
        }
      }
    }
  });
}

}  // namespace lenet::LENET_ISA
