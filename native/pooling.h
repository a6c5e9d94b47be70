// Pooling and sub-sampling over windows that do not overlap.
#pragma once

#include "activations.h"
#include "program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

template <class Number>
LENET_INLINE Number* unit(Number* block, const Maps& maps, int map, int y, int x) {
  return block + (ptrdiff_t(maps.offset) + map * maps.map + y * maps.row + x) * lanes;
}

LENET_INLINE Vector window_sum(const float* block, const Step& step, int map, int y, int x) {
  if (step.window_height == 2 && step.window_width == 2) {
    const float* upper = unit(block, step.input, map, 2 * y, 2 * x);
    const float* lower = upper + step.input.row * lanes;
    return (load(upper) + load(upper + lanes)) + (load(lower) + load(lower + lanes));
  }
  Vector total{};
  for (int dy = 0; dy < step.window_height; ++dy) {
    const float* row = unit(block, step.input, map, y * step.window_height + dy, x * step.window_width);
    for (int dx = 0; dx < step.window_width; ++dx) total += load(row + dx * lanes);
  }
  return total;
}

static void subsample(const Step& step, const float* parameters, float* block) {
  for (int m = 0; m < step.output.maps; ++m) {
    const Vector coefficient = broadcast(parameters[step.weight + m]), bias = broadcast(parameters[step.bias + m]);
    for (int y = 0; y < step.output.height; ++y) {
      for (int x = 0; x < step.output.width; ++x) {
        store(unit(block, step.output, m, y, x), window_sum(block, step, m / step.copies, y, x) * coefficient + bias);
      }
    }
  }
  activate(step.activation, block, step.output);
}

// The backward pass of sub-sampling. Where the convolution before it has most of it fused into its own (`unpooled_before`), only the
// gradients of the biases are left.
static void subsample_back(const Step& step, const float* parameters, const float* block, float* grads, float* lane_sums,
                           bool overwrite) {
  activation_backward(step.activation, grads, step.output_grad, block, step.output);
  for (int m = 0; m < step.output.maps; ++m) {
    const Vector coefficient = broadcast(parameters[step.weight + m]);
    float* coefficient_grad = lane_sums + (step.lane_weight + m) * ptrdiff_t(lanes);
    float* bias_grad = lane_sums + (step.lane_bias + m) * ptrdiff_t(lanes);
    Vector coefficient_sum = overwrite ? Vector{} : load(coefficient_grad);
    Vector bias_sum = overwrite ? Vector{} : load(bias_grad);
    const bool first_copy = m % step.copies == 0;
    for (int y = 0; y < step.output.height; ++y) {
      for (int x = 0; x < step.output.width; ++x) {
        const Vector d = load(unit(grads, step.output_grad, m, y, x));
        bias_sum += d;
        if (step.unpooled_before) continue;
        coefficient_sum += d * window_sum(block, step, m / step.copies, y, x);
        if (!step.needs_input_grad) continue;
        const Vector in_grad = d * coefficient;
        for (int dy = 0; dy < step.window_height; ++dy) {
          float* row = unit(grads, step.input_grad, m / step.copies, y * step.window_height + dy, x * step.window_width);
          for (int dx = 0; dx < step.window_width; ++dx) {
            store(row + dx * lanes, first_copy ? in_grad : load(row + dx * lanes) + in_grad);
          }
        }
      }
    }
    if (!step.unpooled_before) store(coefficient_grad, coefficient_sum);
    store(bias_grad, bias_sum);
  }
}

static void average_pool(const Step& step, float* block) {
  const float scale = 1.f / float(step.window_height * step.window_width);
  for (int m = 0; m < step.output.maps; ++m) {
    for (int y = 0; y < step.output.height; ++y) {
      for (int x = 0; x < step.output.width; ++x) {
        store(unit(block, step.output, m, y, x), window_sum(block, step, m, y, x) * scale);
      }
    }
  }
  activate(step.activation, block, step.output);
}

static void average_pool_back(const Step& step, const float* block, float* grads) {
  activation_backward(step.activation, grads, step.output_grad, block, step.output);
  if (!step.needs_input_grad) return;
  const float scale = 1.f / float(step.window_height * step.window_width);
  for (int m = 0; m < step.input.maps; ++m) {
    for (int y = 0; y < step.input.height; ++y) {
      for (int x = 0; x < step.input.width; ++x) {
        const float* out_grad = unit(grads, step.output_grad, m, y / step.window_height, x / step.window_width);
        store(unit(grads, step.input_grad, m, y, x), load(out_grad) * scale);
      }
    }
  }
}

static void max_pool(const Step& step, float* block) {
  for (int m = 0; m < step.output.maps; ++m) {
    for (int y = 0; y < step.output.height; ++y) {
      for (int x = 0; x < step.output.width; ++x) {
        Vector largest = load(unit(block, step.input, m, y * step.window_height, x * step.window_width));
        Integers max_index{};
        for (int i = 1; i < step.window_height * step.window_width; ++i) {
          const int dy = i / step.window_width, dx = i % step.window_width;
          const Vector value = load(unit(block, step.input, m, y * step.window_height + dy, x * step.window_width + dx));
          max_index = value > largest ? Integers{} + i : max_index;
          largest = max(value, largest);
        }
        store(unit(block, step.output, m, y, x), largest);
        const int index_offset = step.max_indices + m * step.output.map + y * step.output.row + x;
        store(block + ptrdiff_t(index_offset) * lanes, (Vector)max_index);
      }
    }
  }
  activate(step.activation, block, step.output);
}

static void max_pool_back(const Step& step, const float* block, float* grads) {
  activation_backward(step.activation, grads, step.output_grad, block, step.output);
  if (!step.needs_input_grad) return;
  for (int m = 0; m < step.input.maps; ++m) {
    for (int y = 0; y < step.input.height; ++y) {
      for (int x = 0; x < step.input.width; ++x) {
        const int window_y = y / step.window_height, window_x = x / step.window_width;
        const int position = y % step.window_height * step.window_width + x % step.window_width;
        const int index_offset = step.max_indices + m * step.output.map + window_y * step.output.row + window_x;
        const Integers max_index = (Integers)load(block + ptrdiff_t(index_offset) * lanes);
        const Vector d = load(unit(grads, step.output_grad, m, window_y, window_x));
        store(unit(grads, step.input_grad, m, y, x), masked(max_index == position, d));
      }
    }
  }
}

}  // namespace lenet::LENET_ISA
