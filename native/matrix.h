// Inference on the processor's matrix unit (AMX): sixteen units of sixteen images at once, products in bfloat16, sums in
// float32. Ten times the multiply-adds of a vector, at 8 bits of precision in the factors.
//
// It uses the same layout: a tile of sums has a unit in each row and an image in each column. Factors come in pairs,
// (first, second) in the halves of a lane, so that each row of the other operand holds two inputs of 16 images.
#pragma once

#include "activations.h"
#include "convolution.h"
#include "program.h"
#include "vector.h"

#include <immintrin.h>

namespace lenet::LENET_ISA {

constexpr int tile_rows = 16;
constexpr int tile_bytes = tile_rows * 64;

struct TileShape {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t columns[16] = {64, 64, 64, 64, 64, 64, 64, 64};  // bytes
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

LENET_INLINE bool runs_in_tiles(const Step& step) {
  if (step.kind == Kind::full_connection) return step.output.maps >= tile_rows;
  return step.kind == Kind::convolution && step.stride == 1 && step.input.maps > 1 && !step.bias_per_unit &&
         step.sums_grad.height % 2 == 0 && step.sums_grad.width % 2 == 0;
}

// Rounded to the nearest bfloat16, ties to even; in the upper half.
LENET_INLINE Integers rounded_to_bfloat16(Vector v) {
  const Integers bits = (Integers)v;
  return (bits + (0x7FFF + ((bits >> 16) & 1))) & int32_t(0xFFFF0000);
}

LENET_INLINE Integers packed_pair(Vector first, Vector second) {
  return ((rounded_to_bfloat16(first) >> 16) & 0xFFFF) | rounded_to_bfloat16(second);
}

LENET_INLINE uint16_t to_bfloat16(float value) { return uint16_t(uint32_t(rounded_to_bfloat16(broadcast(value))[0]) >> 16); }

LENET_INLINE int pair_count(int count) { return (count + 1) / 2; }

// Tiles of weights of one step: for each 16 units, kernel row and 16 pairs of inputs.
LENET_INLINE int tiles_of_row(const Step& step) {
  const int rows = step.kind == Kind::full_connection ? pair_count(step.input.units()) : step.side * pair_count(step.input.maps);
  return (rows + tile_rows - 1) / tile_rows;
}

LENET_INLINE ptrdiff_t packed_bytes(const Step& step) {
  const int kernel_rows = step.kind == Kind::full_connection ? 1 : step.side;
  return ptrdiff_t((step.sums_grad.maps + tile_rows - 1) / tile_rows) * kernel_rows * tiles_of_row(step) * tile_bytes;
}

// All weights as tiles, one step after the other.
static void pack_weights(const Program& program, const float* parameters, uint8_t* packed) {
  for (int s = 0; s < program.count; ++s) {
    const Step& step = program.steps[s];
    if (!runs_in_tiles(step)) continue;
    __builtin_memset(packed, 0, size_t(packed_bytes(step)));
    const int row_tiles = tiles_of_row(step);
    const auto store_weight = [&](int unit, int kernel_row, int input, float weight) {
      const ptrdiff_t tile = (ptrdiff_t(unit / tile_rows) * (step.kind == Kind::full_connection ? 1 : step.side) + kernel_row) *
                                 row_tiles + input / 32;
      const uint16_t value = to_bfloat16(weight);
      __builtin_memcpy(packed + tile * tile_bytes + unit % tile_rows * 64 + input % 32 * 2, &value, 2);
    };
    if (step.kind == Kind::full_connection) {
      for (int o = 0; o < step.output.maps; ++o) {
        const float* row = parameters + step.weight + ptrdiff_t(o) * step.weight_row;
        for (int i = 0; i < step.input.units(); ++i) store_weight(o, 0, i, row[i]);
      }
    } else {
      const Connections links = connections(program, step);
      const int width = 2 * pair_count(step.input.maps);
      for (int m = 0; m < step.sums_grad.maps; ++m) {
        for (int k = links.start[m]; k < links.start[m + 1]; ++k) {
          const float* kernel = parameters + step.weight + k * step.side * step.side;
          for (int ky = 0; ky < step.side; ++ky) {
            for (int kx = 0; kx < step.side; ++kx) {
              store_weight(m, ky, kx * width + links.input_map[k], kernel[ky * step.side + kx]);
            }
          }
        }
      }
    }
    packed += packed_bytes(step);
  }
}

// The input of a convolution, borders included, in bfloat16 pairs: (rows, columns, pairs of maps) lanes.
static void pair_maps(const Step& step, const float* block, uint8_t* out) {
  const int height = step.input.height + 2 * step.padding, width = step.input.width + 2 * step.padding;
  const int count = pair_count(step.input.maps);
  const float* corner = block + (step.input.offset - step.padding * (step.input.row + 1)) * lanes;
  for (int p = 0; p < count; ++p) {
    const float* first = corner + ptrdiff_t(2 * p) * step.input.map * lanes;
    const float* second = 2 * p + 1 < step.input.maps ? first + step.input.map * lanes : nullptr;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const ptrdiff_t offset = (ptrdiff_t(y) * step.input.row + x) * lanes;
        const Integers pair = packed_pair(load(first + offset), second ? load(second + offset) : Vector{});
        *reinterpret_cast<Integers*>(out + ((ptrdiff_t(y) * width + x) * count + p) * 64) = pair;
      }
    }
  }
  // The last tile reads past the end; its weights there are 0, but 0 times a number that is not finite would not be.
  __builtin_memset(out + ptrdiff_t(height) * width * count * 64, 0, tile_bytes);
}

// 2×2 units of 16 maps: four tiles of sums, which share the inputs that they load.
static void multiply_tiles(const Step& step, const uint8_t* weights, const uint8_t* in, ptrdiff_t in_row, ptrdiff_t in_column,
                           float* sums) {
  const int row_tiles = tiles_of_row(step);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int r = 0; r <= step.side; ++r, in += in_row) {
    for (int k = 0; k < row_tiles; ++k) {
      const uint8_t* input_tile = in + ptrdiff_t(k) * tile_bytes;
      _tile_loadd(4, input_tile, 64);
      _tile_loadd(5, input_tile + in_column, 64);
      if (r < step.side) {
        _tile_loadd(6, weights + (ptrdiff_t(r) * row_tiles + k) * tile_bytes, 64);
        _tile_dpbf16ps(0, 6, 4);
        _tile_dpbf16ps(1, 6, 5);
      }
      if (r > 0) {
        _tile_loadd(7, weights + (ptrdiff_t(r - 1) * row_tiles + k) * tile_bytes, 64);
        _tile_dpbf16ps(2, 7, 4);
        _tile_dpbf16ps(3, 7, 5);
      }
    }
  }
  _tile_stored(0, sums, 64);
  _tile_stored(1, sums + tile_bytes / 4, 64);
  _tile_stored(2, sums + 2 * tile_bytes / 4, 64);
  _tile_stored(3, sums + 3 * tile_bytes / 4, 64);
}

static void convolve_in_tiles(const Program& program, const Step& step, const float* parameters, const uint8_t* packed,
                              float* block, float* biases, uint8_t* pairs_of_maps) {
  const float* adjusted = adjusted_biases(program, step, connections(program, step), parameters, biases);
  pair_maps(step, block, pairs_of_maps);
  const ptrdiff_t in_column = ptrdiff_t(pair_count(step.input.maps)) * 64;
  const ptrdiff_t in_row = in_column * (step.input.width + 2 * step.padding);
  const Vector lower_bound = broadcast(lower_bound_of(step.activation));
  alignas(64) float sums[4 * tile_bytes / 4];
  const int maps = step.sums_grad.maps;
  for (int first = 0; first < maps; first += tile_rows, packed += step.side * tiles_of_row(step) * tile_bytes) {
    const int tile_maps = maps - first < tile_rows ? maps - first : tile_rows;
    for (int y = 0; y < step.sums_grad.height; y += 2) {
      for (int x = 0; x < step.sums_grad.width; x += 2) {
        multiply_tiles(step, packed, pairs_of_maps + y * in_row + x * in_column, in_row, in_column, sums);
        for (int m = 0; m < tile_maps; ++m) {
          const float* sum_row = sums + m * lanes;
          const Vector bias = broadcast(adjusted[first + m]);
          const Vector a = load(sum_row) + bias, b = load(sum_row + 256) + bias;
          const Vector c = load(sum_row + 512) + bias, d = load(sum_row + 768) + bias;
          if (step.fused_pooling) {
            const Vector largest = max(max(a, b), max(c, d));
            store(unit(block, step.output, first + m, y / 2, x / 2), max(largest, lower_bound));
          } else {
            float* out = unit(block, step.output, first + m, y, x);
            store(out, max(a, lower_bound));
            store(out + lanes, max(b, lower_bound));
            store(out + step.output.row * lanes, max(c, lower_bound));
            store(out + (step.output.row + 1) * lanes, max(d, lower_bound));
          }
        }
      }
    }
  }
  if (!step.fused_pooling && step.activation != Activation::relu) activate(step.activation, block, step.output);
}

// A full connection: 16 units, or 32 while there are as many, of one or two blocks at a time.
static void connect_in_tiles(const Step& step, const float* parameters, const uint8_t* packed, float* start,
                             ptrdiff_t block_size, int blocks, uint8_t* pairs_of_inputs) {
  const int inputs = step.input.units(), row_tiles = tiles_of_row(step);
  const ptrdiff_t block_bytes = ptrdiff_t(row_tiles) * tile_bytes;
  for (int b = 0; b < blocks; ++b) {
    const float* in = start + b * block_size + step.input.offset * lanes;
    for (int p = 0; p < row_tiles * tile_rows; ++p) {
      const Vector first = 2 * p < inputs ? load(in + 2 * p * lanes) : Vector{};
      const Vector second = 2 * p + 1 < inputs ? load(in + (2 * p + 1) * lanes) : Vector{};
      *reinterpret_cast<Integers*>(pairs_of_inputs + b * block_bytes + p * 64) = packed_pair(first, second);
    }
  }
  const uint8_t* second_block = pairs_of_inputs + (blocks - 1) * block_bytes;
  float* out = start + step.output.offset * lanes;
  float* second_out = out + (blocks - 1) * block_size;
  for (int first = 0; first < step.output.maps; first += 2 * tile_rows) {
    const bool has_second = first + tile_rows < step.output.maps;
    const uint8_t* weights = packed + ptrdiff_t(first / tile_rows) * block_bytes;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int k = 0; k < row_tiles; ++k) {
      _tile_loadd(4, pairs_of_inputs + k * tile_bytes, 64);
      _tile_loadd(5, second_block + k * tile_bytes, 64);
      _tile_loadd(6, weights + k * tile_bytes, 64);
      _tile_dpbf16ps(0, 6, 4);
      _tile_dpbf16ps(1, 6, 5);
      if (has_second) {
        _tile_loadd(7, weights + block_bytes + k * tile_bytes, 64);
        _tile_dpbf16ps(2, 7, 4);
        _tile_dpbf16ps(3, 7, 5);
      }
    }
    _tile_stored(0, out + first * lanes, 64);
    _tile_stored(1, second_out + first * lanes, 64);
    if (has_second) {
      _tile_stored(2, out + (first + tile_rows) * lanes, 64);
      _tile_stored(3, second_out + (first + tile_rows) * lanes, 64);
    }
  }
  const Vector lower_bound = broadcast(lower_bound_of(step.activation));
  for (int b = 0; b < blocks; ++b) {
    float* units = out + b * block_size;
    for (int o = 0; o < step.output.maps; ++o) {
      store(units + o * lanes, max(load(units + o * lanes) + parameters[step.bias + o], lower_bound));
    }
    if (step.activation != Activation::relu) activate(step.activation, start + b * block_size, step.output);
  }
}

}  // namespace lenet::LENET_ISA
