// The first convolution of replicas. All look at the same picture, so each pixel is a number that meets vectors of
// weights; and most pixels are background, for which a map's sum of weights stands.
#pragma once

#include "replica_convolution.h"

namespace lenet::LENET_ISA {

// Which pixels are not background. The picture's border counts as ink where it differs from the background.
static void find_ink(const Program& program, const uint8_t* picture, Ink& ink) {
  const Step& step = program.steps[0];
  const Maps& in = program.input;
  const int padding = step.padding, height = in.height + 2 * padding, width = in.width + 2 * padding;
  const float border = padding ? step.padding_value - program.input_offset : 0.f;
  const float background = program.background - program.input_offset;
  ink.count = 0;
  for (int y = 0; y < height; ++y) {
    uint64_t columns = 0;
    float* row = ink.values + y * max_ink_side;
    const bool inside = y >= padding && y < padding + in.height;
    for (int x = 0; x < width; ++x) {
      float value = border;
      if (inside && x >= padding && x < padding + in.width) {
        value = background + program.gray_step * float(picture[(y - padding) * in.width + x - padding]);
      }
      row[x] = value;
      if (value == 0.f) continue;
      columns |= uint64_t(1) << x;
      ink.places[ink.count++] = y * max_ink_side + x;
    }
    ink.columns[y] = columns;
  }
}

// All units of `group` maps from `map` on. Windows without ink share one sum, and one activation where they share a bias.
template <Activation activation, int maps>
static void convolve_ink(const Step& step, const ReplicaGroup& group, const Ink& ink, float offset, int map) {
  const int side = step.side, area = side * side;
  int32_t places[max_kernel * max_kernel];
  for (int i = 0; i < area; ++i) places[i] = i / side * max_ink_side + i % side;
  const float* kernels = group.weights + (step.weight + ptrdiff_t(map) * area) * lanes;
  Vector empty[maps], given[maps];
  LENET_UNROLL for (int m = 0; m < maps; ++m) {
    Vector sum{};
    for (int i = 0; i < area; ++i) sum += load(kernels + (ptrdiff_t(m) * area + i) * lanes);
    empty[m] = offset * sum + (step.bias_per_unit ? Vector{} : weight_of(group, step.bias + map + m));
    given[m] = activated<activation>(empty[m]);
  }
  const uint64_t window = (uint64_t(1) << side) - 1;
  for (int y = 0; y < step.out.height; ++y) {
    const uint64_t* rows = ink.columns + y * step.stride;
    for (int x = 0; x < step.out.width; ++x) {
      uint64_t here = 0;
      for (int ky = 0; ky < side; ++ky) here |= ((rows[ky] >> (x * step.stride)) & window) << (ky * side);
      float* out = unit(group.block, step.out, map, y, x);
      const ptrdiff_t next = ptrdiff_t(step.out.map) * lanes;
      if (!here && !step.bias_per_unit) {
        LENET_UNROLL for (int m = 0; m < maps; ++m) store(out + m * next, given[m]);
        continue;
      }
      Vector sums[maps];
      LENET_UNROLL for (int m = 0; m < maps; ++m) sums[m] = empty[m];
      const float* values = ink.values + (y * max_ink_side + x) * step.stride;
      for (; here; here &= here - 1) {
        const int i = __builtin_ctzll(here);
        const Vector value = broadcast(values[places[i]]);
        LENET_UNROLL for (int m = 0; m < maps; ++m) sums[m] += value * load(kernels + (ptrdiff_t(m) * area + i) * lanes);
      }
      LENET_UNROLL for (int m = 0; m < maps; ++m) {
        if (step.bias_per_unit) {
          sums[m] += weight_of(group, step.bias + ((map + m) * step.out.height + y) * step.out.width + x);
        }
        store(out + m * next, activated<activation>(sums[m]));
      }
    }
  }
}

template <Activation activation, int maps = 8>
LENET_INLINE void convolve_ink(const Step& step, const ReplicaGroup& group, const Ink& ink, float offset, int map, int count) {
  if constexpr (maps > 1) {
    if (count < maps) return convolve_ink<activation, maps - 1>(step, group, ink, offset, map, count);
  }
  convolve_ink<activation, maps>(step, group, ink, offset, map);
}

static void convolve_ink(const Step& step, const ReplicaGroup& group, float offset) {
  by_activation(step.activation, [&](auto which) {
    for (int map = 0; map < step.out.maps;) {
      const int left = step.out.maps - map, pieces = (left + 7) / 8, maps = (left + pieces - 1) / pieces;
      convolve_ink<which.activation>(step, group, *group.ink, offset, map, maps);
      map += maps;
    }
  });
}

// A pixel x = offset + value is a factor of x, or of x² in second derivatives: what it adds to that of the offset.
template <bool curvature>
LENET_INLINE float beyond(float value, float offset) {
  return curvature ? (value + offset) * (value + offset) - offset * offset : value;
}

// Kernels of 5×5 and a stride of 1, whose derivatives have a border of four zeros around them.
template <bool curvature, int rows>
static void learn_ink_rows(const Step& step, const ReplicaGroup& group, const Ink& ink, float offset, int map, Vector base, int first) {
  constexpr int side = 5;
  Vector sums[rows * side];
  LENET_UNROLL for (int i = 0; i < rows * side; ++i) sums[i] = base;
  const float* slopes = unit(group.block, step.out_slope, map, -first, 0);
  const ptrdiff_t row = ptrdiff_t(step.out_slope.row) * lanes;
  for (int n = 0; n < ink.count; ++n) {
    const int place = ink.places[n], y = place / max_ink_side, x = place % max_ink_side;
    const Vector value = broadcast(beyond<curvature>(ink.values[place], offset));
    const float* at = slopes + y * row + x * lanes;
    LENET_UNROLL for (int r = 0; r < rows; ++r) {
      LENET_UNROLL for (int kx = 0; kx < side; ++kx) sums[r * side + kx] += value * in_register(load(at - r * row - kx * lanes));
    }
  }
  const ptrdiff_t kernel = step.weight + ptrdiff_t(map) * side * side + first * side;
  LENET_UNROLL for (int i = 0; i < rows * side; ++i) take<curvature>(group, kernel + i, sums[i]);
}

// Kernels of any side and stride.
template <bool curvature>
static void learn_ink_anyhow(const Step& step, const ReplicaGroup& group, const Ink& ink, float offset, int map, Vector base) {
  const int side = step.side, stride = step.stride;
  Vector sums[max_kernel * max_kernel];
  for (int i = 0; i < side * side; ++i) sums[i] = base;
  for (int n = 0; n < ink.count; ++n) {
    const int place = ink.places[n], y = place / max_ink_side, x = place % max_ink_side;
    const Vector value = broadcast(beyond<curvature>(ink.values[place], offset));
    for (int ky = y % stride; ky < side && ky <= y; ky += stride) {
      const int out_y = (y - ky) / stride;
      if (out_y >= step.out.height) continue;
      for (int kx = x % stride; kx < side && kx <= x; kx += stride) {
        const int out_x = (x - kx) / stride;
        if (out_x < step.out.width) sums[ky * side + kx] += value * load(unit(group.block, step.out_slope, map, out_y, out_x));
      }
    }
  }
  for (int i = 0; i < side * side; ++i) take<curvature>(group, step.weight + ptrdiff_t(map) * side * side + i, sums[i]);
}

template <bool curvature>
static void convolve_ink_back(const Step& step, const ReplicaGroup& group, float offset) {
  const float factor_of_offset = curvature ? offset * offset : offset;
  for (int map = 0; map < step.out.maps; ++map) {
    const Vector base = factor_of_offset * learn_biases<curvature>(step, group, map);
    if (step.side == 5 && step.stride == 1) {
      constexpr int rows = many_registers ? 5 : 2;
      int first = 0;
      for (; first + rows <= 5; first += rows) learn_ink_rows<curvature, rows>(step, group, *group.ink, offset, map, base, first);
      for (; first < 5; ++first) learn_ink_rows<curvature, 1>(step, group, *group.ink, offset, map, base, first);
    } else {
      learn_ink_anyhow<curvature>(step, group, *group.ink, offset, map, base);
    }
  }
}

}  // namespace lenet::LENET_ISA
