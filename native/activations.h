// Activations of whole rows of units, and their derivatives from what they gave.
#pragma once

#include "program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

constexpr float squash_amplitude = 1.7159f;  // [LeCun98, eq. 6 and appendix A]
constexpr float squash_slope = 2.f / 3.f;

// What a sum is raised to at least: ReLU is done where sums are stored, and the others do nothing there.
LENET_INLINE float floor_of(Activation activation) {
  return activation == Activation::relu ? 0.f : -__builtin_inff();
}

template <Activation activation>
LENET_INLINE Vector activated(Vector sum) {
  switch (activation) {
    case Activation::squash: return scaled_tanh(sum, squash_amplitude, squash_slope);
    case Activation::tanh: return scaled_tanh(sum, 1.f, 1.f);
    case Activation::sigmoid: return scaled_tanh(sum, 0.5f, 0.5f) + 0.5f;
    case Activation::relu: return at_least(sum, Vector{});
    default: return sum;
  }
}

template <Activation activation>
LENET_INLINE Vector slope(Vector given) {
  switch (activation) {
    case Activation::squash:
      return squash_slope * squash_amplitude - (squash_slope / squash_amplitude) * (given * given);
    case Activation::tanh: return 1.f - given * given;
    case Activation::sigmoid: return given - given * given;
    default: return Vector{} + 1.f;
  }
}

template <Activation activation>
static void activate_units(float* units, int count) {
  for (int i = 0; i < count; ++i) store(units + i * lanes, activated<activation>(load(units + i * lanes)));
}

template <Activation activation>
static void scale_slopes(float* slopes, const float* given, int count) {
  for (int i = 0; i < count; ++i) {
    const Vector d = load(slopes + i * lanes), y = load(given + i * lanes);
    store(slopes + i * lanes, activation == Activation::relu ? masked(y > Vector{}, d) : d * slope<activation>(y));
  }
}

// In place, on `count` vectors that follow one another.
LENET_INLINE void activate(Activation activation, float* units, int count) {
  switch (activation) {
    case Activation::squash: return activate_units<Activation::squash>(units, count);
    case Activation::tanh: return activate_units<Activation::tanh>(units, count);
    case Activation::sigmoid: return activate_units<Activation::sigmoid>(units, count);
    case Activation::relu: return activate_units<Activation::relu>(units, count);
    default: return;
  }
}

// From the derivative with respect to what an activation gave to that with respect to its sum, in place.
LENET_INLINE void through_activation(Activation activation, float* slopes, const float* given, int count) {
  switch (activation) {
    case Activation::squash: return scale_slopes<Activation::squash>(slopes, given, count);
    case Activation::tanh: return scale_slopes<Activation::tanh>(slopes, given, count);
    case Activation::sigmoid: return scale_slopes<Activation::sigmoid>(slopes, given, count);
    case Activation::relu: return scale_slopes<Activation::relu>(slopes, given, count);
    default: return;
  }
}

// The log-softmax of a block's outputs, one vector for each class.
static void log_softmax(float* units, int classes) {
  Vector most = load(units);
  for (int c = 1; c < classes; ++c) most = at_least(load(units + c * lanes), most);
  Vector total{};
  for (int c = 0; c < classes; ++c) total += exp(load(units + c * lanes) - most);
  Vector log_total;
  for (int lane = 0; lane < lanes; ++lane) log_total[lane] = __builtin_logf(total[lane]);
  for (int c = 0; c < classes; ++c) store(units + c * lanes, load(units + c * lanes) - most - log_total);
}

static void through_log_softmax(float* slopes, const float* given, int classes) {
  Vector total{};
  for (int c = 0; c < classes; ++c) total += load(slopes + c * lanes);
  for (int c = 0; c < classes; ++c) {
    store(slopes + c * lanes, load(slopes + c * lanes) - exp(load(given + c * lanes)) * total);
  }
}

// The same for all units of a buffer, wherever its rows lie.
LENET_INLINE void activate(Activation activation, float* block, const Maps& maps) {
  if (activation == Activation::log_softmax) return log_softmax(block + maps.offset * lanes, maps.units());
  if (activation == Activation::identity) return;
  for (int m = 0; m < maps.maps; ++m) {
    for (int y = 0; y < maps.height; ++y) {
      activate(activation, block + (maps.offset + m * maps.map + y * maps.row) * lanes, maps.width);
    }
  }
}

LENET_INLINE void through_activation(Activation activation, float* derivatives, const Maps& slopes, const float* block,
                                     const Maps& given) {
  if (activation == Activation::identity) return;
  if (activation == Activation::log_softmax) {
    return through_log_softmax(derivatives + slopes.offset * lanes, block + given.offset * lanes, given.units());
  }
  for (int m = 0; m < given.maps; ++m) {
    for (int y = 0; y < given.height; ++y) {
      through_activation(activation, derivatives + (slopes.offset + m * slopes.map + y * slopes.row) * lanes,
                         block + (given.offset + m * given.map + y * given.row) * lanes, given.width);
    }
  }
}

}  // namespace lenet::LENET_ISA
