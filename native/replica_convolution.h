// Convolutions of replicas: kernels and input maps are vectors, one lane per network.
//
// The order of summation does not depend on the tile size, so that all instruction sets with fused multiply-adds give the
// same bits.
#pragma once

#include "replica_steps.h"

namespace lenet::LENET_ISA {

constexpr int max_columns = 10;  // of a row that are summed at once: a row of LeNet-5's C3

// The width of the next piece of a row, cut into pieces of nearly equal width.
LENET_INLINE int chunk_width(int remaining) {
  const int chunks = (remaining + max_columns - 1) / max_columns;
  return (remaining + chunks - 1) / chunks;
}

template <int columns = max_columns, class Work>
LENET_INLINE void dispatch_columns(int count, Work work);

template <int value>
struct Count {
  static constexpr int count = value;
};

template <int columns, class Work>
LENET_INLINE void dispatch_columns(int count, Work work) {
  if constexpr (columns > 1) {
    if (count < columns) return dispatch_columns<columns - 1>(count, work);
  }
  work(Count<columns>{});
}

LENET_INLINE const float* input_row(const Step& step, const ReplicaGroup& group, int map, int y, int x) {
  return unit(group.block, step.input, map, y * step.stride - step.padding, x * step.stride - step.padding);
}

// The weighted sums of `columns` neighboring units of one map; `side` 0 stands for any side and stride, others for stride 1.
template <int columns, int side>
static void convolve_chunk(const Step& step, const Connections& links, const ReplicaGroup& group, int map, int y, int x) {
  Vector sums[columns];
  const int bias = step.bias + (step.bias_per_unit ? (map * step.output.height + y) * step.output.width + x : map);
  LENET_UNROLL for (int i = 0; i < columns; ++i) sums[i] = weight_of(group, bias + (step.bias_per_unit ? i : 0));
  const int rows = side ? side : step.side;
  for (int k = links.start[map]; k < links.start[map + 1]; ++k) {
    const float* in = input_row(step, group, links.input_map[k], y, x);
    const float* kernel = group.weights + (step.weight + ptrdiff_t(k) * rows * rows) * lanes;
    for (int ky = 0; ky < rows; ++ky, in += step.input.row * lanes, kernel += rows * lanes) {
      if constexpr (side > 0) {
        Vector weights[side];
        LENET_UNROLL for (int kx = 0; kx < side; ++kx) weights[kx] = in_register(load(kernel + kx * lanes));
        LENET_UNROLL for (int i = 0; i < columns + side - 1; ++i) {
          const Vector value = in_register(load(in + i * lanes));
          LENET_UNROLL for (int kx = 0; kx < side; ++kx) {
            if (i >= kx && i - kx < columns) sums[i - kx] += value * weights[kx];
          }
        }
      } else {
        for (int kx = 0; kx < rows; ++kx) {
          const Vector weight = in_register(load(kernel + kx * lanes));
          LENET_UNROLL for (int i = 0; i < columns; ++i) sums[i] += load(in + (i * step.stride + kx) * lanes) * weight;
        }
      }
    }
  }
  LENET_UNROLL for (int i = 0; i < columns; ++i) store(unit(group.block, step.output, map, y, x + i), sums[i]);
}

static void convolve(const Program& program, const Step& step, const ReplicaGroup& group) {
  const Connections links = connections(program, step);
  const bool is_5x5 = step.side == 5 && step.stride == 1;
  for (int m = 0; m < step.output.maps; ++m) {
    for (int y = 0; y < step.output.height; ++y) {
      for (int x = 0; x < step.output.width;) {
        const int columns = chunk_width(step.output.width - x);
        dispatch_columns(columns, [&](auto which) {
          if (is_5x5) convolve_chunk<which.count, 5>(step, links, group, m, y, x);
          else convolve_chunk<which.count, 0>(step, links, group, m, y, x);
        });
        x += columns;
      }
      activate(step.activation, unit(group.block, step.output, m, y, 0), step.output.width);
    }
  }
}

// Adds to `row` the gradient of padded row y of input map `map` from `columns` units of every output map connected to it.
template <bool curvature, int columns, int side>
static void gather_chunk(const Step& step, const Connections& links, const ReplicaGroup& group, int map, int y, int x,
                         float* row) {
  const int rows = side ? side : step.side;
  constexpr int width = side ? columns + side - 1 : 1;
  Vector sums[width] = {};
  for (int b = links.back_start[map]; b < links.back_start[map + 1]; ++b) {
    const float* kernel = group.weights + (step.weight + ptrdiff_t(links.kernel[b]) * rows * rows) * lanes;
    for (int ky = 0; ky < rows; ++ky, kernel += rows * lanes) {
      const int kernel_offset = y - ky, out_y = side ? kernel_offset : kernel_offset / step.stride;
      if (kernel_offset < 0 || out_y >= step.output.height || (!side && kernel_offset % step.stride)) continue;
      const float* grads = unit(group.block, step.output_grad, links.output_map[b], out_y, x);
      Vector d[columns];
      LENET_UNROLL for (int i = 0; i < columns; ++i) d[i] = load(grads + i * lanes);
      if constexpr (side > 0) {
        LENET_UNROLL for (int kx = 0; kx < side; ++kx) {
          const Vector weight = in_register(power<curvature>(load(kernel + kx * lanes)));
          LENET_UNROLL for (int i = 0; i < columns; ++i) sums[i + kx] += d[i] * weight;
        }
      } else {
        for (int kx = 0; kx < rows; ++kx) {
          const Vector weight = power<curvature>(load(kernel + kx * lanes));
          LENET_UNROLL for (int i = 0; i < columns; ++i) {
            float* in_grad = row + ((x + i) * step.stride + kx) * lanes;
            store(in_grad, load(in_grad) + d[i] * weight);
          }
        }
      }
    }
  }
  if constexpr (side > 0) {
    LENET_UNROLL for (int i = 0; i < width; ++i) store(row + (x + i) * lanes, load(row + (x + i) * lanes) + sums[i]);
  }
}

template <bool curvature>
static void compute_input_grads(const Step& step, const Connections& links, Activation previous_activation,
                                const ReplicaGroup& group) {
  const bool is_5x5 = step.side == 5 && step.stride == 1;
  alignas(64) float row[max_row * lanes];
  for (int m = 0; m < step.input.maps; ++m) {
    for (int y = 0; y < step.input.height; ++y) {
      __builtin_memset(row, 0, size_t(step.input.width + 2 * step.padding) * LENET_VECTOR_BYTES);
      for (int x = 0; x < step.output.width;) {
        const int columns = chunk_width(step.output.width - x);
        dispatch_columns(columns, [&](auto which) {
          if (is_5x5) gather_chunk<curvature, which.count, 5>(step, links, group, m, y + step.padding, x, row);
          else gather_chunk<curvature, which.count, 0>(step, links, group, m, y + step.padding, x, row);
        });
        x += columns;
      }
      const float* in = unit(group.block, step.input, m, y, 0);
      float* grads = unit(group.block, step.input_grad, m, y, 0);
      dispatch_activation(previous_activation, [&](auto which) {
        for (int x = 0; x < step.input.width; ++x) {
          const Vector in_grad = load(row + (step.padding + x) * lanes);
          store(grads + x * lanes, activation_grad<which.activation, curvature>(in_grad, load(in + x * lanes)));
        }
      });
    }
  }
}

// Updates `rows` rows of one kernel, all sums in registers.
template <bool curvature, int side, int rows>
static void update_kernel_rows(const Step& step, const ReplicaGroup& group, int map, int input_map, ptrdiff_t kernel, int first) {
  Vector sums[rows * side] = {};
  for (int y = 0; y < step.output.height; ++y) {
    const float* grads = unit(group.block, step.output_grad, map, y, 0);
    const float* in = input_row(step, group, input_map, y, 0) + first * step.input.row * lanes;
    for (int x = 0; x < step.output.width; ++x, in += step.stride * lanes) {
      const Vector d = in_register(load(grads + x * lanes));
      LENET_UNROLL for (int r = 0; r < rows; ++r) {
        LENET_UNROLL for (int kx = 0; kx < side; ++kx) {
          sums[r * side + kx] += d * in_register(power<curvature>(load(in + (r * step.input.row + kx) * lanes)));
        }
      }
    }
  }
  LENET_UNROLL for (int i = 0; i < rows * side; ++i) apply_grad<curvature>(group, kernel + first * side + i, sums[i]);
}

template <bool curvature, int side = max_kernel>
static void update_kernels(const Step& step, const Connections& links, const ReplicaGroup& group) {
  if constexpr (side > 1) {
    if (step.side < side) return update_kernels<curvature, side - 1>(step, links, group);
  }
  constexpr int max_rows = many_registers ? 25 / side : 10 / side, rows = max_rows > side ? side : max_rows;
  for (int m = 0; m < step.output.maps; ++m) {
    for (int k = links.start[m]; k < links.start[m + 1]; ++k) {
      const ptrdiff_t kernel = step.weight + ptrdiff_t(k) * side * side;
      int first = 0;
      for (; first + rows <= side; first += rows) {
        update_kernel_rows<curvature, side, rows>(step, group, m, links.input_map[k], kernel, first);
      }
      for (; first < side; ++first) update_kernel_rows<curvature, side, 1>(step, group, m, links.input_map[k], kernel, first);
    }
  }
}

// Updates the biases of one map and returns the sum of its gradient.
template <bool curvature>
static Vector update_biases(const Step& step, const ReplicaGroup& group, int map) {
  Vector sums[4] = {};
  for (int y = 0; y < step.output.height; ++y) {
    const float* grads = unit(group.block, step.output_grad, map, y, 0);
    for (int x = 0; x < step.output.width; ++x) sums[x % 4] += load(grads + x * lanes);
    if (!step.bias_per_unit) continue;
    const ptrdiff_t bias = step.bias + (map * step.output.height + y) * step.output.width;
    for (int x = 0; x < step.output.width; ++x) apply_grad<curvature>(group, bias + x, load(grads + x * lanes));
  }
  const Vector total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  if (!step.bias_per_unit) apply_grad<curvature>(group, step.bias + map, total);
  return total;
}

// The backward pass; input gradients come first, because they need the kernels before the update.
template <bool curvature>
static void convolve_back(const Program& program, const Step& step, Activation previous_activation, const ReplicaGroup& group) {
  const Connections links = connections(program, step);
  if (step.needs_input_grad) compute_input_grads<curvature>(step, links, previous_activation, group);
  update_kernels<curvature>(step, links, group);
  for (int m = 0; m < step.output.maps; ++m) update_biases<curvature>(step, group, m);
}

}  // namespace lenet::LENET_ISA
