// Convolutions: multiply-adds of broadcast weights, one image in each lane, without any shuffles.
//
// In the forward pass of maps connected to all input maps, a tile is 2×2 units of up to six maps (two where there are few
// registers), which share the inputs that they load. With a connection table maps share no inputs: there a tile is one or
// two rows of up to 10 units (6) of one map. Either way the sums stay in registers over all kernels, and are pooled before
// they are stored. In the backward pass the kernel gradients of several maps stay in registers over a range of rows, and a
// row's gradient is scattered over its inputs.
#pragma once

#include "activations.h"
#include "pooling.h"
#include "program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

// The units whose sums are in registers at once: of one map, or of several.
struct Tile {
  const float* in;          // the upper left corner of its receptive field, in the first input map
  ptrdiff_t in_map, in_row;
  const int32_t* input_map;  // of each kernel
  int kernels;
  const float* weights;      // of the first kernel
  int side, stride;
  const float* bias;
  int bias_row, bias_step;   // 0 where a map has one bias
  float* out;
  ptrdiff_t out_row;
  float lower_bound;         // 0 for ReLU, else -inf
  float* max_indices;            // null at inference
  const uint64_t* ink;       // of each row of its receptive field, a bit for each column with ink; or null
  uint64_t window;           // the bits of the columns of its receptive field
  ptrdiff_t weights_of_map;  // of several maps: the stride from one to the next
  ptrdiff_t out_map;
};

using TileKernel = void (*)(const Tile&);

// Adds the products of one input row to the sums of the upper row of units, the lower one, or both.
template <int side_known, int stride_known, bool above, bool below, int rows, int width>
LENET_INLINE void add_products(Vector (&sums)[rows][width], const float* in, const float* weights, int kernel_row,
                               const Tile& t) {
  const int side = side_known ? side_known : t.side, stride = stride_known ? stride_known : t.stride;
  const float* upper = weights + kernel_row * side;
  const float* lower = upper - stride * side;
  LENET_UNROLL for (int kx = 0; kx < side; ++kx) {
    const Vector upper_weight = above ? broadcast(upper[kx]) : Vector{}, lower_weight = below ? broadcast(lower[kx]) : Vector{};
    LENET_UNROLL for (int x = 0; x < width; ++x) {
      const Vector loaded = load(in + (x * stride + kx) * lanes), value = many_registers ? in_register(loaded) : loaded;
      if constexpr (above) sums[0][x] += value * upper_weight;
      if constexpr (below) sums[rows - 1][x] += value * lower_weight;
    }
  }
}

// Max pooling of 2×2 units: stores the largest, bounded below, and its index: -1 where it is not above the bound.
LENET_INLINE void store_max_pooled(Vector a, Vector b, Vector c, Vector d, const Tile& t, ptrdiff_t offset) {
  const Vector largest = max(max(a, b), max(c, d)), lower_bound = broadcast(t.lower_bound);
  store(t.out + offset, max(largest, lower_bound));
  if (t.max_indices) {
    Integers max_index = c == largest ? Integers{} + 2 : Integers{} + 3;
    max_index = b == largest ? Integers{} + 1 : max_index;
    max_index = a == largest ? Integers{} : max_index;
    store(t.max_indices + offset, (Vector)(max_index | (lower_bound >= largest)));
  }
}

// side_known, stride_known: 0 where they are only known at run time.
template <int side_known, int stride_known, int rows, int width, bool pooled>
static void convolve_tile(const Tile& t) {
  const int side = side_known ? side_known : t.side, stride = stride_known ? stride_known : t.stride;
  Vector sums[rows][width];
  LENET_UNROLL for (int r = 0; r < rows; ++r) {
    LENET_UNROLL for (int x = 0; x < width; ++x) sums[r][x] = broadcast(t.bias[r * t.bias_row + x * t.bias_step]);
  }
  for (int k = 0; k < t.kernels; ++k) {
    const float* in = t.in + t.input_map[k] * t.in_map;
    const float* weights = t.weights + k * side * side;
    // Row r of the input is multiplied by kernel row r for the upper units, and r - stride for the lower ones.
    const uint64_t* ink = t.ink;
    const auto empty = [&](int r) { return ink && !(ink[r] & t.window); };
    if constexpr (rows == 1) {
      for (int r = 0; r < side; ++r, in += t.in_row) {
        if (!empty(r)) add_products<side_known, stride_known, true, false>(sums, in, weights, r, t);
      }
    } else {
      const int shared_from = stride < side ? stride : side, lower_from = stride < side ? side : stride;
      for (int r = 0; r < shared_from; ++r, in += t.in_row) {
        if (!empty(r)) add_products<side_known, stride_known, true, false>(sums, in, weights, r, t);
      }
      for (int r = stride; r < side; ++r, in += t.in_row) {
        if (!empty(r)) add_products<side_known, stride_known, true, true>(sums, in, weights, r, t);
      }
      if (stride > side) in += (stride - side) * t.in_row;  // rows outside of both receptive fields
      for (int r = lower_from; r < side + stride; ++r, in += t.in_row) {
        if (!empty(r)) add_products<side_known, stride_known, false, true>(sums, in, weights, r, t);
      }
    }
  }
  const Vector lower_bound = broadcast(t.lower_bound);
  if constexpr (pooled) {
    LENET_UNROLL for (int x = 0; x < width; x += 2) {
      store_max_pooled(sums[0][x], sums[0][x + 1], sums[1][x], sums[1][x + 1], t, x / 2 * lanes);
    }
  } else {
    LENET_UNROLL for (int r = 0; r < rows; ++r) {
      LENET_UNROLL for (int x = 0; x < width; ++x) {
        store(t.out + r * t.out_row + x * lanes, max(sums[r][x], lower_bound));
      }
    }
  }
}

// The widest tile that fits; `width` is what is left of the row, and becomes the width of the tile.
template <int side, int stride, int rows, bool pooled, int candidate, int... narrower>
static TileKernel tile_kernel(int& width) {
  if constexpr (sizeof...(narrower) > 0) {
    if (width < candidate) return tile_kernel<side, stride, rows, pooled, narrower...>(width);
  }
  width = candidate;
  return convolve_tile<side, stride, rows, candidate, pooled>;
}

template <int side, int stride, int rows, bool pooled>
static TileKernel tile_kernel(int& width) {
  if constexpr (many_registers && pooled) return tile_kernel<side, stride, rows, pooled, 10, 8, 6, 4, 2>(width);
  else if constexpr (many_registers) return tile_kernel<side, stride, rows, pooled, 10, 8, 6, 4, 2, 1>(width);
  else if constexpr (pooled) return tile_kernel<side, stride, rows, pooled, 6, 4, 2>(width);
  else return tile_kernel<side, stride, rows, pooled, 6, 4, 2, 1>(width);
}

template <int side, int stride>
static TileKernel tile_kernel(int rows, bool pooled, int& width) {
  if (pooled) return tile_kernel<side, stride, 2, true>(width);
  return rows == 2 ? tile_kernel<side, stride, 2, false>(width) : tile_kernel<side, stride, 1, false>(width);
}

// 2×2 units of several maps that share their inputs, where every map is connected to all input maps.
template <int group, bool pooled>
static void convolve_dense_tile(const Tile& t) {
  constexpr int side = 5;
  Vector sums[group][4];
  LENET_UNROLL for (int g = 0; g < group; ++g) {
    LENET_UNROLL for (int i = 0; i < 4; ++i) sums[g][i] = broadcast(t.bias[g]);
  }
  const float* weights = t.weights;
  for (int k = 0; k < t.kernels; ++k) {
    const float* in = t.in + k * t.in_map;
    for (int ky = 0; ky < side; ++ky, in += t.in_row, weights += side) {
      if (t.ink && !((t.ink[ky] | t.ink[ky + 1]) & t.window)) continue;
      LENET_UNROLL for (int kx = 0; kx < side; ++kx) {
        const Vector a = in_register(load(in + kx * lanes)), b = in_register(load(in + (kx + 1) * lanes));
        const Vector c = in_register(load(in + t.in_row + kx * lanes));
        const Vector d = in_register(load(in + t.in_row + (kx + 1) * lanes));
        LENET_UNROLL for (int g = 0; g < group; ++g) {
          const Vector weight = broadcast(weights[g * t.weights_of_map + kx]);
          sums[g][0] += a * weight;
          sums[g][1] += b * weight;
          sums[g][2] += c * weight;
          sums[g][3] += d * weight;
        }
      }
    }
  }
  LENET_UNROLL for (int g = 0; g < group; ++g) {
    if constexpr (pooled) {
      store_max_pooled(sums[g][0], sums[g][1], sums[g][2], sums[g][3], t, g * t.out_map);
    } else {
      float* out = t.out + g * t.out_map;
      const Vector lower_bound = broadcast(t.lower_bound);
      store(out, max(sums[g][0], lower_bound));
      store(out + lanes, max(sums[g][1], lower_bound));
      store(out + t.out_row, max(sums[g][2], lower_bound));
      store(out + t.out_row + lanes, max(sums[g][3], lower_bound));
    }
  }
}

constexpr int max_tile_maps = many_registers ? 6 : 2;  // of a tile: four sums of each in registers

template <bool pooled, int group = max_tile_maps>
static TileKernel dense_tile_kernel(int maps) {
  if constexpr (group > 1) {
    if (maps < group) return dense_tile_kernel<pooled, group - 1>(maps);
  }
  return convolve_dense_tile<group, pooled>;
}

// The biases of a convolution, corrected for the constant that was subtracted from its input, in `adjusted` (maps).
LENET_INLINE const float* adjusted_biases(const Program& program, const Step& step, const Connections& links,
                                          const float* parameters, float* adjusted) {
  const float* bias = parameters + step.bias;
  if (!step.skips_background || program.input_offset == 0) return bias;
  for (int m = 0; m < step.sums_grad.maps; ++m) {
    const int first = links.start[m] * step.side * step.side, last = links.start[m + 1] * step.side * step.side;
    float total = 0;
    for (int i = first; i < last; ++i) total += parameters[step.weight + i];
    adjusted[m] = bias[m] + program.input_offset * total;
  }
  return adjusted;
}

// The forward pass; `block` holds the activations of a block of images, one image in each lane; `biases` is scratch memory
// of one number for each map. The sums have the shape of `step.sums_grad`.
static void convolve(const Program& program, const Step& step, const float* parameters, float* block,
                     const uint64_t* ink, float* biases, bool training) {
  const Connections links = connections(program, step);
  const int height = step.sums_grad.height, width = step.sums_grad.width;
  const bool pooled = step.fused_pooling != 0, is_5x5 = step.side == 5 && step.stride == 1;
  const bool per_unit = step.bias_per_unit != 0;
  const float* bias = adjusted_biases(program, step, links, parameters, biases);
  Tile t{};
  t.in_map = ptrdiff_t(step.input.map) * lanes;
  t.in_row = ptrdiff_t(step.input.row) * lanes;
  t.side = step.side;
  t.stride = step.stride;
  t.bias_row = per_unit ? width : 0;
  t.bias_step = per_unit;
  t.out_row = ptrdiff_t(step.output.row) * lanes;
  t.lower_bound = lower_bound_of(step.activation);
  const float* corner = block + (step.input.offset - step.padding * (step.input.row + 1)) * lanes;
  const int maps = step.sums_grad.maps, groups = (maps + max_tile_maps - 1) / max_tile_maps;
  const bool dense = is_5x5 && !per_unit && height % 2 == 0 && width % 2 == 0 && links.start[maps] == maps * step.input.maps;
  t.weights_of_map = ptrdiff_t(step.input.maps) * step.side * step.side;
  t.out_map = ptrdiff_t(step.output.map) * lanes;
  // Rows outermost: the receptive field of two rows in all input maps stays in the L1 cache for every map.
  for (int y = 0; y < height; y += 2) {
    const int rows = height - y < 2 ? 1 : 2, out_y = pooled ? y / 2 : y;
    for (int x = 0; dense && x < width; x += 2) {
      t.in = corner + (y * step.input.row + x) * lanes;
      t.ink = ink ? ink + y : nullptr;
      t.window = ink ? ((uint64_t(1) << (step.side + 1)) - 1) << x : 0;
      t.kernels = step.input.maps;
      for (int group = 0, m = 0, next; group < groups; ++group, m = next) {
        next = maps * (group + 1) / groups;
        const TileKernel run = pooled ? dense_tile_kernel<true>(next - m) : dense_tile_kernel<false>(next - m);
        t.weights = parameters + step.weight + m * t.weights_of_map;
        t.bias = bias + m;
        const int unit = m * step.output.map + out_y * step.output.row + (pooled ? x / 2 : x);
        t.out = block + (step.output.offset + unit) * lanes;
        t.max_indices = pooled && training ? block + (step.max_indices + unit) * lanes : nullptr;
        run(t);
      }
    }
    for (int x = 0, tile_width; !dense && x < width; x += tile_width) {
      tile_width = ink && width - x > 8 ? 8 : width - x;  // narrower tiles skip more rows without ink
      const TileKernel run = is_5x5 ? tile_kernel<5, 1>(rows, pooled, tile_width) : tile_kernel<0, 0>(rows, pooled, tile_width);
      const int out_x = pooled ? x / 2 : x;
      t.in = corner + (y * step.stride * step.input.row + x * step.stride) * lanes;
      t.ink = ink ? ink + y * step.stride : nullptr;
      const int receptive_width = (tile_width - 1) * step.stride + step.side;
      t.window = ink ? ((uint64_t(1) << receptive_width) - 1) << (x * step.stride) : 0;
      for (int m = 0; m < step.sums_grad.maps; ++m) {
        t.input_map = links.input_map + links.start[m];
        t.kernels = links.start[m + 1] - links.start[m];
        t.weights = parameters + step.weight + links.start[m] * step.side * step.side;
        t.bias = bias + (per_unit ? (m * height + y) * width + x : m);
        const int unit = m * step.output.map + out_y * step.output.row + out_x;
        t.out = block + (step.output.offset + unit) * lanes;
        t.max_indices = pooled && training ? block + (step.max_indices + unit) * lanes : nullptr;
        run(t);
      }
    }
    if (!pooled && step.activation != Activation::identity && step.activation != Activation::relu &&
        step.activation != Activation::log_softmax) {
      for (int m = 0; m < step.output.maps; ++m) {
        for (int r = 0; r < rows; ++r) {
          float* row = block + (step.output.offset + m * step.output.map + (y + r) * step.output.row) * lanes;
          activate(step.activation, row, width);
        }
      }
    }
  }
  if (step.activation == Activation::log_softmax) activate(step.activation, block, step.output);
}

// Adds the gradients of one row of the kernels between `group` output maps and one input map, from `columns` units.
template <int side, int group, int columns>
LENET_INLINE void add_columns(Vector (&total)[group][side], const float* const* grads, ptrdiff_t offset, const float* in,
                              int stride) {
  LENET_UNROLL for (int x = 0; x < columns; ++x) {
    Vector d[group];
    LENET_UNROLL for (int g = 0; g < group; ++g) d[g] = load(grads[g] + offset + x * lanes);
    LENET_UNROLL for (int kx = 0; kx < side; ++kx) {
      const Vector value = load(in + (x * stride + kx) * lanes);
      LENET_UNROLL for (int g = 0; g < group; ++g) total[g][kx] += d[g] * value;
    }
  }
}

template <int side, int group>
static void add_kernel_grads(const float* const* grads, ptrdiff_t grad_row, const float* in, ptrdiff_t in_row, int rows,
                              int from, int to, int stride, float* const* sums, bool overwrite) {
  Vector total[group][side];
  LENET_UNROLL for (int g = 0; g < group; ++g) {
    LENET_UNROLL for (int kx = 0; kx < side; ++kx) total[g][kx] = overwrite ? Vector{} : load(sums[g] + kx * lanes);
  }
  for (int y = 0; y < rows; ++y) {
    const float* values = in + y * in_row;
    int x = from;
    if (stride == 1) {
      for (; x + 2 <= to; x += 2) add_columns<side, group, 2>(total, grads, y * grad_row + x * lanes, values + x * lanes, 1);
    }
    for (; x < to; ++x) {
      add_columns<side, group, 1>(total, grads, y * grad_row + x * lanes, values + x * stride * lanes, stride);
    }
  }
  LENET_UNROLL for (int g = 0; g < group; ++g) {
    LENET_UNROLL for (int kx = 0; kx < side; ++kx) store(sums[g] + kx * lanes, total[g][kx]);
  }
}

using KernelGradsFunction = void (*)(const float* const*, ptrdiff_t, const float*, ptrdiff_t, int, int, int, int, float* const*,
                              bool);

template <int side>
static KernelGradsFunction kernel_grads_function(int& group) {
  constexpr int max_group = side > 5 ? 1 : many_registers ? 4 : 2;  // of maps whose sums fit into registers
  if (group > max_group) group = max_group;
  if constexpr (max_group >= 4) {
    if (group == 4) return add_kernel_grads<side, 4>;
    if (group == 3) return add_kernel_grads<side, 3>;
  }
  if constexpr (max_group >= 2) {
    if (group == 2) return add_kernel_grads<side, 2>;
  }
  return add_kernel_grads<side, 1>;
}

static KernelGradsFunction kernel_grads_function(int side, int& group) {
  // Six maps are faster as three and three than as four and two.
  if (group == 5 || group == 6) group = 3;
  switch (side) {
    case 1: return kernel_grads_function<1>(group);
    case 2: return kernel_grads_function<2>(group);
    case 3: return kernel_grads_function<3>(group);
    case 4: return kernel_grads_function<4>(group);
    case 5: return kernel_grads_function<5>(group);
    case 6: return kernel_grads_function<6>(group);
    default: return kernel_grads_function<7>(group);
  }
}

// The columns of units with ink under one row of a kernel: the others add nothing to its gradient.
LENET_INLINE void columns_with_ink(const Step& step, const uint64_t* ink, int rows, int& from, int& to) {
  uint64_t ink_columns = 0;
  for (int y = 0; y < rows; ++y) ink_columns |= ink[y * step.stride];
  if (!ink_columns) {
    from = to = 0;
    return;
  }
  const int first = __builtin_ctzll(ink_columns), last = 63 - __builtin_clzll(ink_columns);
  from = first < step.side ? 0 : (first - step.side + step.stride) / step.stride;
  if (last / step.stride + 1 < to) to = last / step.stride + 1;
}

// Adds the gradients of all kernels over the rows from `top`; `grads` is the row `top` of the first map.
static void sum_kernel_grads(const Step& step, const Connections& links, const float* block, const float* grads, int top,
                          int rows, const uint64_t* ink, float* lane_sums, bool overwrite) {
  const int width = step.sums_grad.width, side = step.side, stride = step.stride;
  const float* corner = block + (step.input.offset - step.padding * (step.input.row + 1) + top * stride * step.input.row) * lanes;
  const ptrdiff_t in_row = ptrdiff_t(step.input.row) * stride * lanes, grad_row = ptrdiff_t(step.sums_grad.row) * lanes;
  // A group of output maps stays in the L1 cache over all its input maps.
  int group = 0;
  for (int first = 0, max_count = 1; first < max_count; first += group) {
    group = 0;
    for (int i = 0; i < step.input.maps; ++i) {
      const int begin = links.back_start[i], count = links.back_start[i + 1] - begin;
      max_count = count > max_count ? count : max_count;
      if (first >= count) continue;
      int group_size = count - first < (group ? group : count) ? count - first : group ? group : count;
      const KernelGradsFunction run = kernel_grads_function(side, group_size);
      if (!group) group = group_size;
      const float* maps[4];
      float* sums[4];
      for (int g = 0; g < group_size; ++g) {
        maps[g] = grads + ptrdiff_t(links.output_map[begin + first + g]) * step.sums_grad.map * lanes;
        sums[g] = lane_sums + ptrdiff_t(step.lane_weight + links.kernel[begin + first + g] * side * side) * lanes;
      }
      const float* in = corner + ptrdiff_t(i) * step.input.map * lanes;
      for (int ky = 0; ky < side; ++ky) {
        int from = 0, to = width;
        if (ink) columns_with_ink(step, ink + top * stride + ky, rows, from, to);
        if (from < to || overwrite) {
          run(maps, grad_row, in + ky * step.input.row * lanes, in_row, rows, from, to, stride, sums, overwrite);
        }
        for (int g = 0; g < group_size; ++g) sums[g] += side * lanes;
      }
    }
  }
}

// Scatters the gradient of `width` units of a row, through one row of a kernel, to their inputs.
template <int side, int stride, int width>
LENET_INLINE void scatter(Vector (&row)[(width - 1) * stride + side], const float* grads, const float* weights) {
  // Kernel columns outermost, so that consecutive multiply-adds do not depend on one another.
  Vector d[width];
  LENET_UNROLL for (int x = 0; x < width; ++x) d[x] = in_register(load(grads + x * lanes));
  LENET_UNROLL for (int kx = 0; kx < side; ++kx) {
    const Vector weight = broadcast(weights[kx]);
    LENET_UNROLL for (int x = 0; x < width; ++x) row[x * stride + kx] += d[x] * weight;
  }
}

// A row of an input map's gradient, and the range of connections that are added to it.
struct InputRow {
  const float* parameters;  // of the step
  const float* grads;
  int first, last;  // connections
  int y;
  float* row;
};

// Adds to a row's gradient what `width` columns of the units with that row in their receptive field contribute.
template <int side, int stride, int width>
static void scatter_columns(const Step& step, const Connections& links, const InputRow& target, int x) {
  constexpr int span = (width - 1) * stride + side;
  Vector sums[span];
  float* row = target.row + x * stride * lanes;
  LENET_UNROLL for (int i = 0; i < span; ++i) sums[i] = load(row + i * lanes);
  const int padded_y = target.y + step.padding;  // kernel row ky connects it to the units of row (padded_y - ky) / stride
  const int last_y = step.sums_grad.height - 1, first_ky = padded_y - last_y * stride;
  for (int k = target.first; k < target.last; ++k) {
    const float* map = target.grads + (ptrdiff_t(links.output_map[k]) * step.sums_grad.map + x) * lanes;
    const float* weights = target.parameters + links.kernel[k] * side * side;
    for (int ky = first_ky > 0 ? first_ky : 0; ky < side && ky <= padded_y; ++ky) {
      if (stride > 1 && (padded_y - ky) % stride) continue;
      const ptrdiff_t y = (padded_y - ky) / stride;
      scatter<side, stride, width>(sums, map + y * step.sums_grad.row * lanes, weights + ky * side);
    }
  }
  LENET_UNROLL for (int i = 0; i < span; ++i) store(row + i * lanes, sums[i]);
}

template <int side, int stride>
static void scatter_row(const Step& step, const Connections& links, const InputRow& target) {
  constexpr bool is_5x5 = many_registers && side == 5 && stride == 1;
  const int width = step.sums_grad.width;
  int x = 0;
  if constexpr (is_5x5) {
    for (; x + 10 <= width; x += 10) scatter_columns<side, stride, 10>(step, links, target, x);
    for (; x + 8 <= width; x += 8) scatter_columns<side, stride, 8>(step, links, target, x);
  }
  for (; x + 4 <= width; x += 4) scatter_columns<side, stride, 4>(step, links, target, x);
  for (; x < width; ++x) scatter_columns<side, stride, 1>(step, links, target, x);
}

using RowScatterer = void (*)(const Step&, const Connections&, const InputRow&);

template <int stride>
static RowScatterer row_scatterer(int side) {
  switch (side) {
    case 1: return scatter_row<1, stride>;
    case 2: return scatter_row<2, stride>;
    case 3: return scatter_row<3, stride>;
    case 4: return scatter_row<4, stride>;
    case 5: return scatter_row<5, stride>;
    case 6: return scatter_row<6, stride>;
    default: return scatter_row<7, stride>;
  }
}

// The gradient with respect to the convolution's input. `rows` is scratch memory of one row of every input map.
static void compute_input_grads(const Program& program, const Step& step, const float* parameters, float* grads, float* rows) {
  const Connections links = connections(program, step);
  const RowScatterer run = step.stride == 1 ? row_scatterer<1>(step.side) : row_scatterer<2>(step.side);
  const int span = (step.sums_grad.width - 1) * step.stride + step.side;  // columns of the receptive fields, borders included
  // The units connected to a row are too many for the L1 cache: they are taken in parts, each for all input maps.
  const int bytes = step.sums_grad.maps * step.side * step.sums_grad.width * LENET_VECTOR_BYTES;
  const int parts = 1 + bytes / (24 * 1024);
  InputRow target{parameters + step.weight, grads + step.sums_grad.offset * lanes, 0, 0, 0, nullptr};
  for (target.y = 0; target.y < step.input.height; ++target.y) {
    for (int x = 0; x < step.input.maps * span; ++x) store(rows + x * lanes, Vector{});
    for (int part = 0; part < parts; ++part) {
      for (int i = 0; i < step.input.maps; ++i) {
        const int begin = links.back_start[i], count = links.back_start[i + 1] - begin;
        target.first = begin + count * part / parts;
        target.last = begin + count * (part + 1) / parts;
        target.row = rows + ptrdiff_t(i) * span * lanes;
        run(step, links, target);
      }
    }
    for (int i = 0; i < step.input.maps; ++i) {
      float* out = grads + (step.input_grad.offset + i * step.input_grad.map + target.y * step.input_grad.row) * lanes;
      for (int x = 0; x < step.input.width; ++x) {
        const int padded_x = x + step.padding;
        store(out + x * lanes, padded_x < span ? load(rows + (ptrdiff_t(i) * span + padded_x) * lanes) : Vector{});
      }
    }
  }
}

// The backward pass of fused max pooling, from one row of pooling windows to two rows of units. Returns the gradient's sum.
static Vector unpool_maxima(const Step& step, const float* block, const float* grads, int map, int window_row, float* rows) {
  const ptrdiff_t row_stride = ptrdiff_t(step.sums_grad.row) * lanes;
  const int first = map * step.output_grad.map + window_row * step.output_grad.row;
  const float* out_grads = grads + (step.output_grad.offset + first) * lanes;
  Vector total{};
  const float* max_indices = block + (step.max_indices + map * step.output.map + window_row * step.output.row) * lanes;
  for (int x = 0; x < step.output.width; ++x) {
    const Vector d = load(out_grads + x * lanes);
    const Integers max_index = (Integers)load(max_indices + x * lanes);
    float* unit_grads = rows + 2 * x * lanes;
    store(unit_grads, masked(max_index == 0, d));
    store(unit_grads + lanes, masked(max_index == 1, d));
    store(unit_grads + row_stride, masked(max_index == 2, d));
    store(unit_grads + row_stride + lanes, masked(max_index == 3, d));
    total += masked(max_index >= 0, d);
  }
  return total;
}

// The backward pass of sub-sampling or average pooling of one row of windows, and of the convolution's activation;
// `parameter_grads` sums the gradients of the bias and of the map's coefficient.
template <Activation activation>
static void unpool_averages(const Step& step, const Step& pool, float scale, const float* block, const float* grads, int map,
                          int window_row, float* rows, Vector (&parameter_grads)[2]) {
  for (int dy = 0; dy < pool.window_height; ++dy) {
    const float* units = unit(block, step.output, map, window_row * pool.window_height + dy, 0);
    float* row = rows + ptrdiff_t(dy) * step.sums_grad.row * lanes;
    const float* out_grads = unit(grads, pool.output_grad, map, window_row, 0);
    const auto spread = [&](Vector d, Vector (&sums)[2]) {
      const Vector y = load(units), sums_grad = d * scale;
      const Vector s = activation == Activation::relu ? masked(y > Vector{}, sums_grad) : sums_grad * derivative<activation>(y);
      store(row, s);
      sums[0] += s;
      sums[1] += d * y;
      units += lanes;
      row += lanes;
    };
    Vector odd_sums[2] = {};  // sums of every second column, to break the chain of dependent additions
    for (int x = 0; x < pool.output.width; ++x, out_grads += lanes) {
      const Vector d = load(out_grads);
      if (pool.window_width == 2) {
        spread(d, parameter_grads);
        spread(d, odd_sums);
      } else {
        for (int dx = 0; dx < pool.window_width; ++dx) spread(d, parameter_grads);
      }
    }
    parameter_grads[0] += odd_sums[0];
    parameter_grads[1] += odd_sums[1];
  }
}

static void unpool_averages(const Step& step, const Step& pool, float scale, const float* block, const float* grads, int map,
                          int window_row, float* rows, Vector (&parameter_grads)[2]) {
  using A = Activation;
  switch (step.activation) {
    case A::squash: return unpool_averages<A::squash>(step, pool, scale, block, grads, map, window_row, rows, parameter_grads);
    case A::tanh: return unpool_averages<A::tanh>(step, pool, scale, block, grads, map, window_row, rows, parameter_grads);
    case A::sigmoid: return unpool_averages<A::sigmoid>(step, pool, scale, block, grads, map, window_row, rows, parameter_grads);
    case A::relu: return unpool_averages<A::relu>(step, pool, scale, block, grads, map, window_row, rows, parameter_grads);
    default: return unpool_averages<A::identity>(step, pool, scale, block, grads, map, window_row, rows, parameter_grads);
  }
}

static void sum_bias_grads(const Step& step, const float* grads, int top, int rows, float* lane_sums, bool overwrite) {
  const int width = step.sums_grad.width;
  for (int m = 0; m < step.sums_grad.maps; ++m) {
    const float* map = grads + ptrdiff_t(m) * step.sums_grad.map * lanes;
    if (step.bias_per_unit) {
      float* bias_grad = lane_sums + (step.lane_bias + (m * step.sums_grad.height + top) * width) * ptrdiff_t(lanes);
      for (int y = 0; y < rows; ++y) {
        for (int x = 0; x < width; ++x, bias_grad += lanes) {
          const Vector d = load(map + (y * step.sums_grad.row + x) * lanes);
          store(bias_grad, overwrite ? d : load(bias_grad) + d);
        }
      }
    } else {
      float* bias_grad = lane_sums + (step.lane_bias + m) * ptrdiff_t(lanes);
      Vector total = overwrite && top == 0 ? Vector{} : load(bias_grad);
      for (int y = 0; y < rows; ++y) {
        for (int x = 0; x < width; ++x) total += load(map + (y * step.sums_grad.row + x) * lanes);
      }
      store(bias_grad, total);
    }
  }
}

// The backward pass of one convolution. `grads` holds the block's gradients; `overwrite`: `lane_sums` holds no sums of this
// update yet; `rows` is scratch memory of one row of every input map.
static void convolve_back(const Program& program, const Step& step, const float* parameters, const float* block,
                          float* grads, const uint64_t* ink, float* lane_sums, float* rows, bool overwrite) {
  const Connections links = connections(program, step);
  const Maps& sums = step.sums_grad;
  const Step* pool = step.unpooled_step ? &program.steps[step.unpooled_step] : nullptr;
  if (step.activation == Activation::log_softmax) {
    activation_backward(step.activation, grads, step.output_grad, block, step.output);
  }
  // A few rows at a time, so that the gradients used by several maps stay in the L1 cache.
  const int pool_rows = step.fused_pooling ? 2 : pool ? pool->window_height : 0;
  const int cached_rows = 24 * 1024 / (4 * sums.width * LENET_VECTOR_BYTES);
  const int band_rows = pool_rows ? (step.needs_input_grad ? sums.height : pool_rows) : cached_rows < 1 ? 1 : cached_rows;
  for (int top = 0; top < sums.height; top += band_rows) {
    const int row_count = sums.height - top < band_rows ? sums.height - top : band_rows;
    const bool first = overwrite && top == 0;
    // Without an input gradient, only the rows of one pooling window are kept.
    float* units = grads + (sums.offset + (pool_rows && !step.needs_input_grad ? 0 : top * sums.row)) * lanes;
    for (int m = 0; m < sums.maps; ++m) {
      float* map = units + ptrdiff_t(m) * sums.map * lanes;
      float* bias = lane_sums + (step.lane_bias + m) * ptrdiff_t(lanes);
      if (step.fused_pooling) {
        Vector total = first ? Vector{} : load(bias);
        for (int y = 0; y < row_count; y += 2) {
          total += unpool_maxima(step, block, grads, m, (top + y) / 2, map + y * sums.row * lanes);
        }
        store(bias, total);
      } else if (pool) {
        const bool trainable = pool->kind == Kind::subsampling;
        float* coefficient = trainable ? lane_sums + (pool->lane_weight + m) * ptrdiff_t(lanes) : nullptr;
        const float scale = trainable ? parameters[pool->weight + m] : 1.f / float(pool->window_height * pool->window_width);
        Vector parameter_grads[2] = {first ? Vector{} : load(bias), first || !trainable ? Vector{} : load(coefficient)};
        for (int y = 0; y < row_count; y += pool_rows) {
          unpool_averages(step, *pool, scale, block, grads, m, (top + y) / pool_rows, map + y * sums.row * lanes, parameter_grads);
        }
        store(bias, parameter_grads[0]);
        if (trainable) store(coefficient, parameter_grads[1]);
      } else {
        for (int y = 0; y < row_count && step.activation != Activation::log_softmax; ++y) {
          const float* out = unit(block, step.output, m, top + y, 0);
          activation_backward(step.activation, map + y * sums.row * lanes, out, sums.width);
        }
      }
    }
    if (!pool_rows) sum_bias_grads(step, units, top, row_count, lane_sums, overwrite);
    sum_kernel_grads(step, links, block, units, top, row_count, ink, lane_sums, first);
  }
  if (step.needs_input_grad) compute_input_grads(program, step, parameters, grads, rows);
}

}  // namespace lenet::LENET_ISA
