// The first convolution of replicas, sparse in the picture's ink. A pixel of a shared picture is a scalar times vectors of
// weights. The contribution of the background is the sum of a map's weights, computed once; only inked pixels are visited.
// Of separate pictures a pixel is visited if it is ink in any lane, and adds 0 to the others, which changes no bit.
#pragma once

#include "replica_convolution.h"

namespace lenet::LENET_ISA {

// Lists the pixels that differ from the background. The picture's border counts as ink where it differs from the background.
static void record_ink(const Program& program, const uint8_t* picture, Ink& ink) {
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
      ink.pixel_offsets[ink.count++] = y * max_ink_side + x;
    }
    ink.column_masks[y] = columns;
  }
}

// Lists the inked pixels of separate pictures, whose columns of ink `load_gray` has recorded.
static void list_inked_pixels(const Program& program, Ink& ink) {
  ink.count = 0;
  for (int y = 0; y < program.input.height + 2 * program.input_padding; ++y) {
    for (uint64_t remaining = ink.column_masks[y]; remaining; remaining &= remaining - 1) {
      ink.pixel_offsets[ink.count++] = y * max_ink_side + __builtin_ctzll(remaining);
    }
  }
}

// A view of the padded picture: scalars, or vectors where each lane has a separate one.
template <bool per_lane>
struct Picture {
  static constexpr int pixel_stride = per_lane ? lanes : 1;
  const float* first;
  ptrdiff_t row_stride;

  LENET_ALWAYS_INLINE const float* at(int y, int x) const { return first + y * row_stride + x * pixel_stride; }
};

template <bool per_lane>
LENET_INLINE Picture<per_lane> picture_of(const Step& step, const ReplicaGroup& group) {
  if constexpr (per_lane) return {input_row(step, group, 0, 0, 0), ptrdiff_t(step.input.row) * lanes};
  else return {group.ink->values, max_ink_side};
}

template <bool per_lane>
LENET_INLINE Vector pixel(const float* at) {
  if constexpr (per_lane) return load(at);
  else return broadcast(*at);
}

// Computes `maps` maps from `map` on. Windows without ink share one sum, and one activation where they share a bias.
template <bool per_lane, Activation activation, int maps>
static void convolve_ink(const Step& step, const ReplicaGroup& group, const Ink& ink, float offset, int map) {
  const int side = step.side, area = side * side;
  const Picture<per_lane> picture = picture_of<per_lane>(step, group);
  ptrdiff_t tap_offsets[max_kernel * max_kernel];
  for (int i = 0; i < area; ++i) tap_offsets[i] = picture.at(i / side, i % side) - picture.first;
  const float* kernels = group.weights + (step.weight + ptrdiff_t(map) * area) * lanes;
  Vector empty_sums[maps], empty_out[maps];
  LENET_UNROLL for (int m = 0; m < maps; ++m) {
    Vector sum{};
    for (int i = 0; i < area; ++i) sum += load(kernels + (ptrdiff_t(m) * area + i) * lanes);
    empty_sums[m] = offset * sum + (step.bias_per_unit ? Vector{} : weight_of(group, step.bias + map + m));
    empty_out[m] = activated<activation>(empty_sums[m]);
  }
  const uint64_t window = (uint64_t(1) << side) - 1;
  for (int y = 0; y < step.output.height; ++y) {
    const uint64_t* rows = ink.column_masks + y * step.stride;
    for (int x = 0; x < step.output.width; ++x) {
      uint64_t window_ink = 0;
      for (int ky = 0; ky < side; ++ky) window_ink |= ((rows[ky] >> (x * step.stride)) & window) << (ky * side);
      float* out = unit(group.block, step.output, map, y, x);
      const ptrdiff_t map_stride = ptrdiff_t(step.output.map) * lanes;
      if (!window_ink && !step.bias_per_unit) {
        LENET_UNROLL for (int m = 0; m < maps; ++m) store(out + m * map_stride, empty_out[m]);
        continue;
      }
      Vector sums[maps];
      LENET_UNROLL for (int m = 0; m < maps; ++m) sums[m] = empty_sums[m];
      const float* corner = picture.at(y * step.stride, x * step.stride);
      for (; window_ink; window_ink &= window_ink - 1) {
        const int i = __builtin_ctzll(window_ink);
        const Vector value = pixel<per_lane>(corner + tap_offsets[i]);
        LENET_UNROLL for (int m = 0; m < maps; ++m) sums[m] += value * load(kernels + (ptrdiff_t(m) * area + i) * lanes);
      }
      LENET_UNROLL for (int m = 0; m < maps; ++m) {
        if (step.bias_per_unit) {
          sums[m] += weight_of(group, step.bias + ((map + m) * step.output.height + y) * step.output.width + x);
        }
        store(out + m * map_stride, activated<activation>(sums[m]));
      }
    }
  }
}

template <bool per_lane, Activation activation, int maps = 8>
LENET_INLINE void convolve_ink(const Step& step, const ReplicaGroup& group, const Ink& ink, float offset, int map, int count) {
  if constexpr (maps > 1) {
    if (count < maps) return convolve_ink<per_lane, activation, maps - 1>(step, group, ink, offset, map, count);
  }
  convolve_ink<per_lane, activation, maps>(step, group, ink, offset, map);
}

template <bool per_lane>
static void convolve_ink(const Step& step, const ReplicaGroup& group, float offset) {
  dispatch_activation(step.activation, [&](auto which) {
    for (int map = 0; map < step.output.maps;) {
      const int remaining = step.output.maps - map, chunks = (remaining + 7) / 8, maps = (remaining + chunks - 1) / chunks;
      convolve_ink<per_lane, which.activation>(step, group, *group.ink, offset, map, maps);
      map += maps;
    }
  });
}

static void convolve_ink(const Step& step, const ReplicaGroup& group, float offset) {
  if (group.ink->per_lane) convolve_ink<true>(step, group, offset);
  else convolve_ink<false>(step, group, offset);
}

// The difference between the power of a pixel x = offset + value and that of the offset. It must be exactly 0 for background, where a fused multiply-add would leave a rounding error in the square.
template <bool curvature>
LENET_INLINE Vector power_difference(Vector value, float offset) {
  if constexpr (!curvature) return value;
  return masked(value != Vector{}, in_register((value + offset) * (value + offset) - offset * offset));
}

// Updates rows of 5×5 kernels with a stride of 1, whose output gradients have a border of four zeros.
template <bool per_lane, bool curvature, int rows>
static void update_ink_rows(const Step& step, const ReplicaGroup& group, const Ink& ink, float offset, int map, Vector base,
                            int first) {
  constexpr int side = 5;
  const Picture<per_lane> picture = picture_of<per_lane>(step, group);
  Vector sums[rows * side];
  LENET_UNROLL for (int i = 0; i < rows * side; ++i) sums[i] = base;
  const float* grads = unit(group.block, step.output_grad, map, -first, 0);
  const ptrdiff_t row = ptrdiff_t(step.output_grad.row) * lanes;
  for (int n = 0; n < ink.count; ++n) {
    const int pixel_offset = ink.pixel_offsets[n], y = pixel_offset / max_ink_side, x = pixel_offset % max_ink_side;
    const Vector value = power_difference<curvature>(pixel<per_lane>(picture.at(y, x)), offset);
    const float* pixel_grads = grads + y * row + x * lanes;
    LENET_UNROLL for (int r = 0; r < rows; ++r) {
      LENET_UNROLL for (int kx = 0; kx < side; ++kx) {
        sums[r * side + kx] += value * in_register(load(pixel_grads - r * row - kx * lanes));
      }
    }
  }
  const ptrdiff_t kernel = step.weight + ptrdiff_t(map) * side * side + first * side;
  LENET_UNROLL for (int i = 0; i < rows * side; ++i) apply_grad<curvature>(group, kernel + i, sums[i]);
}

// Updates a kernel of any side and stride.
template <bool per_lane, bool curvature>
static void update_ink_kernel(const Step& step, const ReplicaGroup& group, const Ink& ink, float offset, int map, Vector base) {
  const int side = step.side, stride = step.stride;
  const Picture<per_lane> picture = picture_of<per_lane>(step, group);
  Vector sums[max_kernel * max_kernel];
  for (int i = 0; i < side * side; ++i) sums[i] = base;
  for (int n = 0; n < ink.count; ++n) {
    const int pixel_offset = ink.pixel_offsets[n], y = pixel_offset / max_ink_side, x = pixel_offset % max_ink_side;
    const Vector value = power_difference<curvature>(pixel<per_lane>(picture.at(y, x)), offset);
    for (int ky = y % stride; ky < side && ky <= y; ky += stride) {
      const int out_y = (y - ky) / stride;
      if (out_y >= step.output.height) continue;
      for (int kx = x % stride; kx < side && kx <= x; kx += stride) {
        const int out_x = (x - kx) / stride;
        if (out_x < step.output.width) {
          sums[ky * side + kx] += value * load(unit(group.block, step.output_grad, map, out_y, out_x));
        }
      }
    }
  }
  for (int i = 0; i < side * side; ++i) apply_grad<curvature>(group, step.weight + ptrdiff_t(map) * side * side + i, sums[i]);
}

template <bool per_lane, bool curvature>
static void convolve_ink_back(const Step& step, const ReplicaGroup& group, float offset) {
  const float power_of_offset = curvature ? offset * offset : offset;
  for (int map = 0; map < step.output.maps; ++map) {
    const Vector base = power_of_offset * update_biases<curvature>(step, group, map);
    if (step.side == 5 && step.stride == 1) {
      constexpr int rows = many_registers ? 5 : 2;
      int first = 0;
      for (; first + rows <= 5; first += rows) {
        update_ink_rows<per_lane, curvature, rows>(step, group, *group.ink, offset, map, base, first);
      }
      for (; first < 5; ++first) update_ink_rows<per_lane, curvature, 1>(step, group, *group.ink, offset, map, base, first);
    } else {
      update_ink_kernel<per_lane, curvature>(step, group, *group.ink, offset, map, base);
    }
  }
}

template <bool curvature>
static void convolve_ink_back(const Step& step, const ReplicaGroup& group, float offset) {
  if (group.ink->per_lane) convolve_ink_back<true, curvature>(step, group, offset);
  else convolve_ink_back<false, curvature>(step, group, offset);
}

}  // namespace lenet::LENET_ISA
