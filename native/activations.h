// Activations of whole rows of units, and their derivatives as functions of their outputs.
#pragma once

#include "program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

constexpr float squash_amplitude = 1.7159f;  // [LeCun98, eq. 6 and appendix A]
constexpr float squash_slope = 2.f / 3.f;

// The lower bound of a stored sum: ReLU is fused into the store, other activations have none.
LENET_INLINE float lower_bound_of(Activation activation) {
  return activation == Activation::relu ? 0.f : -__builtin_inff();
}

template <Activation activation>
LENET_INLINE Vector activated(Vector sum) {
  switch (activation) {
    case Activation::squash: return scaled_tanh(sum, squash_amplitude, squash_slope);
    case Activation::tanh: return scaled_tanh(sum, 1.f, 1.f);
    case Activation::sigmoid: return scaled_tanh(sum, 0.5f, 0.5f) + 0.5f;
    case Activation::relu: return max(sum, Vector{});
    default: return sum;
  }
}

template <Activation activation>
LENET_INLINE Vector derivative(Vector out) {
  switch (activation) {
    case Activation::squash:
      return squash_slope * squash_amplitude - (squash_slope / squash_amplitude) * (out * out);
    case Activation::tanh: return 1.f - out * out;
    case Activation::sigmoid: return out - out * out;
    default: return Vector{} + 1.f;
  }
}

template <Activation activation>
static void activate_units(float* units, int count) {
  for (int i = 0; i < count; ++i) store(units + i * lanes, activated<activation>(load(units + i * lanes)));
}

template <Activation activation>
static void scale_grads(float* grads, const float* out, int count) {
  for (int i = 0; i < count; ++i) {
    const Vector d = load(grads + i * lanes), y = load(out + i * lanes);
    store(grads + i * lanes, activation == Activation::relu ? masked(y > Vector{}, d) : d * derivative<activation>(y));
  }
}

// Activates `count` consecutive vectors in place.
LENET_INLINE void activate(Activation activation, float* units, int count) {
  switch (activation) {
    case Activation::squash: return activate_units<Activation::squash>(units, count);
    case Activation::tanh: return activate_units<Activation::tanh>(units, count);
    case Activation::sigmoid: return activate_units<Activation::sigmoid>(units, count);
    case Activation::relu: return activate_units<Activation::relu>(units, count);
    default: return;
  }
}

// Turns the gradient with respect to an activation's output into that with respect to its input, in place.
LENET_INLINE void activation_backward(Activation activation, float* grads, const float* out, int count) {
  switch (activation) {
    case Activation::squash: return scale_grads<Activation::squash>(grads, out, count);
    case Activation::tanh: return scale_grads<Activation::tanh>(grads, out, count);
    case Activation::sigmoid: return scale_grads<Activation::sigmoid>(grads, out, count);
    case Activation::relu: return scale_grads<Activation::relu>(grads, out, count);
    default: return;
  }
}

// The log-softmax of a block's outputs, one vector for each class.
static void log_softmax(float* units, int classes) {
  Vector maximum = load(units);
  for (int c = 1; c < classes; ++c) maximum = max(load(units + c * lanes), maximum);
  Vector total{};
  for (int c = 0; c < classes; ++c) total += exp(load(units + c * lanes) - maximum);
  Vector log_total;
  for (int lane = 0; lane < lanes; ++lane) log_total[lane] = __builtin_logf(total[lane]);
  for (int c = 0; c < classes; ++c) store(units + c * lanes, load(units + c * lanes) - maximum - log_total);
}

static void log_softmax_backward(float* grads, const float* out, int classes) {
  Vector total{};
  for (int c = 0; c < classes; ++c) total += load(grads + c * lanes);
  for (int c = 0; c < classes; ++c) {
    store(grads + c * lanes, load(grads + c * lanes) - exp(load(out + c * lanes)) * total);
  }
}

// Activates all units of a buffer in place.
LENET_INLINE void activate(Activation activation, float* block, const Maps& maps) {
  if (activation == Activation::log_softmax) return log_softmax(block + maps.offset * lanes, maps.units());
  if (activation == Activation::identity) return;
  for (int m = 0; m < maps.maps; ++m) {
    for (int y = 0; y < maps.height; ++y) {
      activate(activation, block + (maps.offset + m * maps.map + y * maps.row) * lanes, maps.width);
    }
  }
}

LENET_INLINE void activation_backward(Activation activation, float* grads, const Maps& grad_maps, const float* block,
                                     const Maps& out) {
  if (activation == Activation::identity) return;
  if (activation == Activation::log_softmax) {
    return log_softmax_backward(grads + grad_maps.offset * lanes, block + out.offset * lanes, out.units());
  }
  for (int m = 0; m < out.maps; ++m) {
    for (int y = 0; y < out.height; ++y) {
      activation_backward(activation, grads + (grad_maps.offset + m * grad_maps.map + y * grad_maps.row) * lanes,
                         block + (out.offset + m * out.map + y * out.row) * lanes, out.width);
    }
  }
}

}  // namespace lenet::LENET_ISA
