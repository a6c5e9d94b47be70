// Low-latency inference on one image: lanes are neighboring positions of a map, or the inputs of a unit.
//
// Buffers have the shapes of a block's, with one number for each unit instead of one vector.
#pragma once

#include "activations.h"
#include "program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

LENET_INLINE void activate_single(Activation activation, float* units, int count) {
  if (activation == Activation::identity || activation == Activation::log_softmax) return;
  int i = 0;
  for (; i + lanes <= count; i += lanes) {
    Vector v = load_unaligned(units + i);
    activate(activation, reinterpret_cast<float*>(&v), 1);
    store_unaligned(units + i, v);
  }
  if (i == count) return;
  Vector v{};
  for (int k = i; k < count; ++k) v[k - i] = units[k];
  activate(activation, reinterpret_cast<float*>(&v), 1);
  for (int k = i; k < count; ++k) units[k] = v[k - i];
}

LENET_INLINE void activate_maps(Activation activation, float* units, const Maps& maps) {
  if (maps.row == maps.width) return activate_single(activation, units + maps.offset, maps.units());
  for (int m = 0; m < maps.maps; ++m) {
    for (int y = 0; y < maps.height; ++y) {
      activate_single(activation, units + maps.offset + m * maps.map + y * maps.row, maps.width);
    }
  }
}

template <int... lane>
LENET_INLINE Vector largest_of_pairs(Vector a, Vector b, Indices<lane...>) {
  return max(LENET_SHUFFLE(a, b, (2 * lane)...), LENET_SHUFFLE(a, b, (2 * lane + 1)...));
}

// Max pooling of 2×2 sums, whose rows lie `row` apart.
static void pool_sums(const Step& step, const float* sums, int row, float bias, float* out) {
  const float lower_bound = lower_bound_of(step.activation);
  for (int y = 0; y < step.output.height; ++y, sums += 2 * row, out += step.output.row) {
    for (int x = 0; x < step.output.width; x += lanes) {
      const float* pair = sums + 2 * x;
      const Vector left = max(load_unaligned(pair), load_unaligned(pair + row));
      const Vector right = max(load_unaligned(pair + lanes), load_unaligned(pair + lanes + row));
      const Vector largest = largest_of_pairs(left, right, typename CountedIndices<lanes>::type{}) + bias;
      const Vector pooled = max(largest, broadcast(lower_bound));
      // A vector written past the end of a row is overwritten by later rows and buffers; a border must not be written.
      if (step.output.row == step.output.width) store_unaligned(out + x, pooled);
      else for (int i = 0; i < lanes && x + i < step.output.width; ++i) out[x + i] = pooled[i];
    }
  }
}

static void copy_sums(const Step& step, const float* sums, int row, const float* bias, float* out) {
  const int width = step.output.width;
  for (int y = 0; y < step.output.height; ++y, sums += row, out += step.output.row) {
    if (step.bias_per_unit) {
      for (int x = 0; x < width; ++x) out[x] = sums[x * step.stride] + bias[y * width + x];
    } else if (step.stride == 1) {
      for (int x = 0; x < width; ++x) out[x] = sums[x] + *bias;
    } else {
      for (int x = 0; x < width; ++x) out[x] = sums[x * step.stride] + *bias;
    }
  }
}

// Convolves `group` maps at once, at all positions of rows laid end to end: a sum that wraps around a row's end is computed
// and never read.
template <int side_known, int group, int width>
static void convolve_flattened(const Step& step, const float* in, const int32_t* input_map, int kernels,
                               const float* const* weights, int positions, float* const* out) {
  const int side = side_known ? side_known : step.side;
  for (int p = 0; p < positions; p += width * lanes) {
    Vector sums[group][width];
    LENET_UNROLL for (int g = 0; g < group; ++g) {
      LENET_UNROLL for (int v = 0; v < width; ++v) sums[g][v] = Vector{};
    }
    for (int k = 0; k < kernels; ++k) {
      const float* map = in + ptrdiff_t(input_map[k]) * step.input.map + p;
      for (int ky = 0; ky < side; ++ky) {
        const ptrdiff_t first = (ptrdiff_t(k) * side + ky) * side;
        LENET_UNROLL for (int kx = 0; kx < side; ++kx) {
          Vector weight[group];
          LENET_UNROLL for (int g = 0; g < group; ++g) weight[g] = broadcast(weights[g][first + kx]);
          LENET_UNROLL for (int v = 0; v < width; ++v) {
            const Vector value = in_register(load_unaligned(map + ky * step.input.row + kx + v * lanes));
            LENET_UNROLL for (int g = 0; g < group; ++g) sums[g][v] += value * weight[g];
          }
        }
      }
    }
    LENET_UNROLL for (int g = 0; g < group; ++g) {
      LENET_UNROLL for (int v = 0; v < width; ++v) store_unaligned(out[g] + p + v * lanes, sums[g][v]);
    }
  }
}

template <int side_known>
static void convolve_flattened(const Step& step, const float* in, const int32_t* input_map, int kernels,
                               const float* const* weights, int group, int positions, float* const* out) {
  if (group == 4) convolve_flattened<side_known, 4, many_registers ? 3 : 2>(step, in, input_map, kernels, weights, positions, out);
  else if (group == 3) convolve_flattened<side_known, 3, many_registers ? 7 : 3>(step, in, input_map, kernels, weights, positions, out);
  else if (group == 2) convolve_flattened<side_known, 2, many_registers ? 9 : 4>(step, in, input_map, kernels, weights, positions, out);
  else convolve_flattened<side_known, 1, many_registers ? 9 : 8>(step, in, input_map, kernels, weights, positions, out);
}

static void convolve_single(const Program& program, const Step& step, const float* parameters, float* units, float* scratch) {
  const Connections links = connections(program, step);
  const int height = step.sums_grad.height, width = step.sums_grad.width, row = step.input.row * step.stride;
  const float* in = units + step.input.offset - step.padding * (step.input.row + 1);
  const int positions = (height - 1) * row + (width - 1) * step.stride + 1;
  const int plane = (positions + 8 * max_lanes) / max_lanes * max_lanes + 9 * max_lanes;
  const bool dense = links.start[step.sums_grad.maps] == step.sums_grad.maps * step.input.maps;
  for (int m = 0, group; m < step.sums_grad.maps; m += group) {
    const int remaining = step.sums_grad.maps - m;
    group = !dense ? 1 : remaining == 6 || remaining == 3 ? 3 : remaining >= 4 ? 4 : remaining;
    const float* weights[4];
    float* sums[4];
    for (int g = 0; g < group; ++g) {
      weights[g] = parameters + step.weight + links.start[m + g] * step.side * step.side;
      sums[g] = scratch + ptrdiff_t(g) * plane;
    }
    const int32_t* input_map = links.input_map + links.start[m];
    const int kernels = links.start[m + 1] - links.start[m];
    if (step.side == 5) convolve_flattened<5>(step, in, input_map, kernels, weights, group, positions, sums);
    else convolve_flattened<0>(step, in, input_map, kernels, weights, group, positions, sums);
    for (int g = 0; g < group; ++g) {
      float* out = units + step.output.offset + (m + g) * step.output.map;
      const float* bias = parameters + step.bias + (step.bias_per_unit ? (m + g) * height * width : m + g);
      if (step.fused_pooling) pool_sums(step, sums[g], row, *bias, out);
      else copy_sums(step, sums[g], row, bias, out);
    }
  }
  if (!step.fused_pooling) activate_maps(step.activation, units, step.output);
}

// A full connection, as many units at once as a vector has lanes: one reduction gives all their sums.
static void connect_single(const Step& step, const float* parameters, float* units, float* scratch) {
  const int inputs = step.input.units();
  // Zeros after the last input meet the zeros that pad the rows.
  const float* in = units + step.input.offset;
  if (inputs != step.weight_row) {
    for (int i = 0; i < step.weight_row; ++i) scratch[i] = i < inputs ? in[i] : 0.f;
    in = scratch;
  }
  float* out = units + step.output.offset;
  for (int first = 0; first < step.output.maps; first += lanes) {
    const int group = step.output.maps - first < lanes ? step.output.maps - first : lanes;
    const float* weights = parameters + step.weight + ptrdiff_t(first) * step.weight_row;
    Vector sums[lanes] = {};
    if (group == lanes) {
      for (int i = 0; i < step.weight_row; i += lanes) {
        const Vector value = load_unaligned(in + i);
        LENET_UNROLL for (int o = 0; o < lanes; ++o) sums[o] += value * load(weights + ptrdiff_t(o) * step.weight_row + i);
      }
    } else {
      for (int o = 0; o < group; ++o) {
        Vector sum{};
        for (int i = 0; i < step.weight_row; i += lanes) {
          sum += load_unaligned(in + i) * load(weights + ptrdiff_t(o) * step.weight_row + i);
        }
        sums[o] = sum;
      }
    }
    const Vector total = horizontal_sums(sums);
    for (int o = 0; o < group; ++o) out[first + o] = total[o] + parameters[step.bias + first + o];
  }
  activate_single(step.activation, out, step.output.maps);
}

static void pool_single(const Step& step, const float* parameters, float* units) {
  const int window = step.window_height * step.window_width;
  for (int m = 0; m < step.output.maps; ++m) {
    const int input_map = step.kind == Kind::subsampling ? m / step.copies : m;
    for (int y = 0; y < step.output.height; ++y) {
      float* out = units + step.output.offset + m * step.output.map + y * step.output.row;
      for (int x = 0; x < step.output.width; ++x) {
        const float* in = units + step.input.offset + input_map * step.input.map + y * step.window_height * step.input.row +
                          x * step.window_width;
        float total = 0, largest = in[0];
        for (int dy = 0; dy < step.window_height; ++dy) {
          for (int dx = 0; dx < step.window_width; ++dx) {
            const float value = in[dy * step.input.row + dx];
            total += value;
            largest = value > largest ? value : largest;
          }
        }
        if (step.kind == Kind::max_pooling) out[x] = largest;
        else if (step.kind == Kind::average_pooling) out[x] = total / float(window);
        else out[x] = total * parameters[step.weight + m] + parameters[step.bias + m];
      }
    }
  }
  activate_maps(step.activation, units, step.output);
}

static void single_image(const Program& program, const float* parameters, const Workspace& work, const uint8_t* gray,
                      const float* inputs, float* outputs) {
  float* units = work.single_image;
  const Maps& input = program.input;
  for (int m = 0; m < input.maps; ++m) {
    for (int y = 0; y < input.height; ++y) {
      float* out = units + input.offset + m * input.map + y * input.row;
      const ptrdiff_t row = (ptrdiff_t(m) * input.height + y) * input.width;
      if (gray) for (int x = 0; x < input.width; ++x) out[x] = float(gray[row + x]) * program.gray_step + program.background;
      else for (int x = 0; x < input.width; ++x) out[x] = inputs[row + x];
    }
  }
  for (int s = 0; s < program.count; ++s) {
    const Step& step = program.steps[s];
    switch (step.kind) {
      case Kind::convolution: convolve_single(program, step, parameters, units, work.scratch); break;
      case Kind::full_connection: connect_single(step, parameters, units, work.scratch); break;
      case Kind::euclidean_rbf: {
        const float* prototypes = program.constants + step.constants;
        const int in_units = step.input.units();
        for (int c = 0; c < step.output.maps; ++c) {
          float total = 0;
          for (int j = 0; j < in_units; ++j) {
            const float difference = units[step.input.offset + j] - prototypes[c * in_units + j];
            total += difference * difference;
          }
          units[step.output.offset + c] = total;
        }
        break;
      }
      case Kind::activation: break;  // only in programs that keep all activations, which run in blocks
      default: pool_single(step, parameters, units);
    }
  }
  const Step& last = program.last();
  const float* out = units + last.output.offset;
  float log_total = 0;
  if (last.activation == Activation::log_softmax) {
    float maximum = out[0], total = 0;
    for (int c = 1; c < last.output.maps; ++c) maximum = out[c] > maximum ? out[c] : maximum;
    for (int c = 0; c < last.output.maps; ++c) total += __builtin_expf(out[c] - maximum);
    log_total = maximum + __builtin_logf(total);
  }
  for (int c = 0; c < last.output.maps; ++c) outputs[c] = out[c] - log_total;
}

}  // namespace lenet::LENET_ISA
