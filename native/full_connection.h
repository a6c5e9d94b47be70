// Full connections: a small matrix of weights broadcast over the lanes of one or two blocks of images.
//
// In the forward pass and for the gradient of the inputs, lanes are images; for the gradient of the weights lanes are
// inputs, so that it is computed a row at a time. Rows are padded to whole vectors; the padding stays zero.
#pragma once

#include "activations.h"
#include "program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

// Forward pass to `group` units, of all blocks.
template <int blocks, int group>
static void forward_units(const float* in, ptrdiff_t block_size, int inputs, const float* weights, int weight_row,
                          const float* bias, float lower_bound, float* out) {
  Vector sums[group][blocks];
  LENET_UNROLL for (int g = 0; g < group; ++g) {
    LENET_UNROLL for (int b = 0; b < blocks; ++b) sums[g][b] = broadcast(bias[g]);
  }
  for (int i = 0; i < inputs; ++i) {
    Vector value[blocks];
    LENET_UNROLL for (int b = 0; b < blocks; ++b) value[b] = load(in + b * block_size + i * lanes);
    LENET_UNROLL for (int g = 0; g < group; ++g) {
      const Vector weight = broadcast(weights[g * weight_row + i]);
      LENET_UNROLL for (int b = 0; b < blocks; ++b) sums[g][b] += value[b] * weight;
    }
  }
  LENET_UNROLL for (int g = 0; g < group; ++g) {
    LENET_UNROLL for (int b = 0; b < blocks; ++b) {
      store(out + b * block_size + g * lanes, max(sums[g][b], broadcast(lower_bound)));
    }
  }
}

// Backward pass to `group` inputs.
template <int blocks, int group>
static void backward_inputs(const float* grads, ptrdiff_t block_size, int units, const float* weights, int weight_row,
                           float* in_grads) {
  Vector sums[group][blocks];
  LENET_UNROLL for (int g = 0; g < group; ++g) {
    LENET_UNROLL for (int b = 0; b < blocks; ++b) sums[g][b] = Vector{};
  }
  for (int o = 0; o < units; ++o) {
    Vector d[blocks];
    LENET_UNROLL for (int b = 0; b < blocks; ++b) d[b] = load(grads + b * block_size + o * lanes);
    LENET_UNROLL for (int g = 0; g < group; ++g) {
      const Vector weight = broadcast(weights[o * weight_row + g]);
      LENET_UNROLL for (int b = 0; b < blocks; ++b) sums[g][b] += d[b] * weight;
    }
  }
  LENET_UNROLL for (int g = 0; g < group; ++g) {
    LENET_UNROLL for (int b = 0; b < blocks; ++b) store(in_grads + b * block_size + g * lanes, sums[g][b]);
  }
}

// The gradient of the weights from `width` vectors of inputs to `group` units, summed over all images.
template <int group, int width>
static void add_weight_grads(const float* grads, ptrdiff_t block_size, int blocks, const float* transposed, int weight_row,
                              float* gradient, bool overwrite) {
  Vector sums[group][width];
  LENET_UNROLL for (int g = 0; g < group; ++g) {
    LENET_UNROLL for (int v = 0; v < width; ++v) {
      sums[g][v] = overwrite ? Vector{} : load(gradient + g * weight_row + v * lanes);
    }
  }
  for (int b = 0; b < blocks; ++b, grads += block_size) {
    for (int n = 0; n < lanes; ++n, transposed += weight_row) {
      Vector value[width];
      LENET_UNROLL for (int v = 0; v < width; ++v) value[v] = load(transposed + v * lanes);
      LENET_UNROLL for (int g = 0; g < group; ++g) {
        const Vector d = broadcast(grads[g * lanes + n]);
        LENET_UNROLL for (int v = 0; v < width; ++v) sums[g][v] += d * value[v];
      }
    }
  }
  LENET_UNROLL for (int g = 0; g < group; ++g) {
    LENET_UNROLL for (int v = 0; v < width; ++v) store(gradient + g * weight_row + v * lanes, sums[g][v]);
  }
}

template <int count>
struct Size {
  static constexpr int value = count;
};

// Cuts a range into tiles, each of the largest of these sizes that still fits, and calls `body` with start and size.
template <int... sizes, class Body>
LENET_INLINE void for_each_tile(int count, Body body) {
  for (int start = 0; start < count;) {
    int tile = 0;
    ((tile == 0 && count - start >= sizes ? (body(start, Size<sizes>{}), tile = sizes) : 0), ...);
    start += tile;
  }
}

template <class Body>
LENET_INLINE void for_each_unit_tile(int count, Body body) {
  if constexpr (many_registers) for_each_tile<12, 10, 8, 6, 4, 2, 1>(count, body);
  else for_each_tile<6, 4, 2, 1>(count, body);
}

template <int blocks>
static void connect(const Step& step, const float* parameters, float* start, ptrdiff_t block_size) {
  const int inputs = step.input.units();
  const float lower_bound = lower_bound_of(step.activation);
  const float* in = start + step.input.offset * lanes;
  float* out = start + step.output.offset * lanes;
  for_each_unit_tile(step.output.maps, [&](int first, auto group) {
    forward_units<blocks, decltype(group)::value>(in, block_size, inputs,
                                 parameters + step.weight + ptrdiff_t(first) * step.weight_row, step.weight_row,
                                 parameters + step.bias + first, lower_bound, out + first * lanes);
  });
  if (step.activation != Activation::relu) {
    for (int b = 0; b < blocks; ++b) activate(step.activation, start + b * block_size, step.output);
  }
}

LENET_INLINE void connect(const Step& step, const float* parameters, float* start, ptrdiff_t block_size, int blocks) {
  if (blocks == 1) connect<1>(step, parameters, start, block_size);
  else connect<2>(step, parameters, start, block_size);
}

// The connection's inputs with images outermost: (images, weight_row).
static void transpose_inputs(const Step& step, const float* block, float* transposed) {
  const int inputs = step.input.units();
  const float* in = block + step.input.offset * lanes;
  for (int first = 0; first < step.weight_row; first += lanes) {
    Vector v[lanes];
    LENET_UNROLL for (int i = 0; i < lanes; ++i) v[i] = first + i < inputs ? load(in + (first + i) * lanes) : Vector{};
    transpose(v);
    LENET_UNROLL for (int n = 0; n < lanes; ++n) store(transposed + ptrdiff_t(n) * step.weight_row + first, v[n]);
  }
}

template <int blocks>
static void connect_back(const Step& step, const float* parameters, const Workspace& work, ptrdiff_t block_size, bool overwrite) {
  float* start = work.blocks;
  const float* grads = start + step.output_grad.offset * lanes;
  for (int b = 0; b < blocks; ++b) {
    activation_backward(step.activation, start + b * block_size, step.output_grad, start + b * block_size, step.output);
    transpose_inputs(step, start + b * block_size, work.transposed + ptrdiff_t(b) * lanes * step.weight_row);
    for (int o = 0; o < step.output.maps; ++o) {
      float* bias_grad = work.lanes + (step.lane_bias + o) * ptrdiff_t(lanes);
      const Vector d = load(grads + b * block_size + o * lanes);
      store(bias_grad, overwrite && b == 0 ? d : load(bias_grad) + d);
    }
  }
  const auto add_grad_columns = [&](int vector, auto width) {
    for_each_tile<6, 4, 2, 1>(step.output.maps, [&](int unit, auto group) {
      add_weight_grads<decltype(group)::value, decltype(width)::value>(
          grads + unit * lanes, block_size, blocks, work.transposed + vector * lanes, step.weight_row,
          work.gradient + step.weight + ptrdiff_t(unit) * step.weight_row + vector * lanes, overwrite);
    });
  };
  if constexpr (many_registers) for_each_tile<4, 2, 1>(step.weight_row / lanes, add_grad_columns);
  else for_each_tile<2, 1>(step.weight_row / lanes, add_grad_columns);
  if (step.needs_input_grad) {
    float* in_grads = start + step.input_grad.offset * lanes;
    for_each_unit_tile(step.input.units(), [&](int first, auto group) {
      backward_inputs<blocks, decltype(group)::value>(grads, block_size, step.output.maps,
                                    parameters + step.weight + first, step.weight_row, in_grads + first * lanes);
    });
  }
}

}  // namespace lenet::LENET_ISA
