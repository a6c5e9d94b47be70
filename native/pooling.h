// Pooling and sub-sampling of patches that do not overlap.
#pragma once

#include "activations.h"
#include "program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

template <class Number>
LENET_INLINE Number* unit(Number* block, const Maps& maps, int map, int y, int x) {
  return block + (ptrdiff_t(maps.offset) + map * maps.map + y * maps.row + x) * lanes;
}

LENET_INLINE Vector patch_sum(const float* block, const Step& step, int map, int y, int x) {
  if (step.window_height == 2 && step.window_width == 2) {
    const float* upper = unit(block, step.in, map, 2 * y, 2 * x);
    const float* lower = upper + step.in.row * lanes;
    return (load(upper) + load(upper + lanes)) + (load(lower) + load(lower + lanes));
  }
  Vector total{};
  for (int dy = 0; dy < step.window_height; ++dy) {
    const float* row = unit(block, step.in, map, y * step.window_height + dy, x * step.window_width);
    for (int dx = 0; dx < step.window_width; ++dx) total += load(row + dx * lanes);
  }
  return total;
}

static void subsample(const Step& step, const float* parameters, float* block) {
  for (int m = 0; m < step.out.maps; ++m) {
    const Vector coefficient = broadcast(parameters[step.weight + m]), bias = broadcast(parameters[step.bias + m]);
    for (int y = 0; y < step.out.height; ++y) {
      for (int x = 0; x < step.out.width; ++x) {
        store(unit(block, step.out, m, y, x), patch_sum(block, step, m / step.copies, y, x) * coefficient + bias);
      }
    }
  }
  activate(step.activation, block, step.out);
}

// Where the convolution before it spreads its derivatives itself, only the biases are left to be learned.
static void subsample_back(const Step& step, const float* parameters, const float* block, float* slopes, float* lane_sums,
                           bool fresh) {
  through_activation(step.activation, slopes, step.out_slope, block, step.out);
  for (int m = 0; m < step.out.maps; ++m) {
    const Vector coefficient = broadcast(parameters[step.weight + m]);
    float* learned_coefficient = lane_sums + (step.lane_weight + m) * ptrdiff_t(lanes);
    float* learned_bias = lane_sums + (step.lane_bias + m) * ptrdiff_t(lanes);
    Vector for_coefficient = fresh ? Vector{} : load(learned_coefficient);
    Vector for_bias = fresh ? Vector{} : load(learned_bias);
    const bool first_copy = m % step.copies == 0;
    for (int y = 0; y < step.out.height; ++y) {
      for (int x = 0; x < step.out.width; ++x) {
        const Vector d = load(unit(slopes, step.out_slope, m, y, x));
        for_bias += d;
        if (step.spread_before) continue;
        for_coefficient += d * patch_sum(block, step, m / step.copies, y, x);
        if (!step.passes_back) continue;
        const Vector share = d * coefficient;
        for (int dy = 0; dy < step.window_height; ++dy) {
          float* row = unit(slopes, step.in_slope, m / step.copies, y * step.window_height + dy, x * step.window_width);
          for (int dx = 0; dx < step.window_width; ++dx) {
            store(row + dx * lanes, first_copy ? share : load(row + dx * lanes) + share);
          }
        }
      }
    }
    if (!step.spread_before) store(learned_coefficient, for_coefficient);
    store(learned_bias, for_bias);
  }
}

static void average(const Step& step, float* block) {
  const float share = 1.f / float(step.window_height * step.window_width);
  for (int m = 0; m < step.out.maps; ++m) {
    for (int y = 0; y < step.out.height; ++y) {
      for (int x = 0; x < step.out.width; ++x) store(unit(block, step.out, m, y, x), patch_sum(block, step, m, y, x) * share);
    }
  }
  activate(step.activation, block, step.out);
}

static void average_back(const Step& step, const float* block, float* slopes) {
  through_activation(step.activation, slopes, step.out_slope, block, step.out);
  if (!step.passes_back) return;
  const float share = 1.f / float(step.window_height * step.window_width);
  for (int m = 0; m < step.in.maps; ++m) {
    for (int y = 0; y < step.in.height; ++y) {
      for (int x = 0; x < step.in.width; ++x) {
        const float* given = unit(slopes, step.out_slope, m, y / step.window_height, x / step.window_width);
        store(unit(slopes, step.in_slope, m, y, x), load(given) * share);
      }
    }
  }
}

static void take_largest(const Step& step, float* block) {
  for (int m = 0; m < step.out.maps; ++m) {
    for (int y = 0; y < step.out.height; ++y) {
      for (int x = 0; x < step.out.width; ++x) {
        Vector most = load(unit(block, step.in, m, y * step.window_height, x * step.window_width));
        Integers winner{};
        for (int i = 1; i < step.window_height * step.window_width; ++i) {
          const int dy = i / step.window_width, dx = i % step.window_width;
          const Vector value = load(unit(block, step.in, m, y * step.window_height + dy, x * step.window_width + dx));
          winner = value > most ? Integers{} + i : winner;
          most = at_least(value, most);
        }
        store(unit(block, step.out, m, y, x), most);
        const int at = step.winners + m * step.out.map + y * step.out.row + x;
        store(block + ptrdiff_t(at) * lanes, (Vector)winner);
      }
    }
  }
  activate(step.activation, block, step.out);
}

static void largest_back(const Step& step, const float* block, float* slopes) {
  through_activation(step.activation, slopes, step.out_slope, block, step.out);
  if (!step.passes_back) return;
  for (int m = 0; m < step.in.maps; ++m) {
    for (int y = 0; y < step.in.height; ++y) {
      for (int x = 0; x < step.in.width; ++x) {
        const int patch_y = y / step.window_height, patch_x = x / step.window_width;
        const int place = y % step.window_height * step.window_width + x % step.window_width;
        const int at = step.winners + m * step.out.map + patch_y * step.out.row + patch_x;
        const Integers winner = (Integers)load(block + ptrdiff_t(at) * lanes);
        const Vector d = load(unit(slopes, step.out_slope, m, patch_y, patch_x));
        store(unit(slopes, step.in_slope, m, y, x), masked(winner == place, d));
      }
    }
  }
}

}  // namespace lenet::LENET_ISA
