// From pictures to a block's input: one image in each lane.
#pragma once

#include "program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

// Compilers widen and convert well in two steps, and number by number in one.
LENET_INLINE Integers widened(Bytes bytes) { return __builtin_convertvector(bytes, Integers); }

// One bit for each byte that is not 0, the first lowest.
LENET_INLINE uint64_t bits(Bytes bytes) {
  uint8_t ones[16] = {};
  const Bytes set = (Bytes)(bytes != 0) & 1;
  __builtin_memcpy(ones, &set, sizeof set);
  uint64_t halves[2];
  __builtin_memcpy(halves, ones, 16);
  // The product brings the lowest bits of eight bytes together in the highest byte.
  constexpr uint64_t gather = 0x0102040810204080u;
  return (halves[0] * gather >> 56) | (halves[1] * gather >> 56) << 8;
}

// Gray levels become network inputs while a square of pixels of as many pictures is transposed.
static void load_gray(const Program& program, const Workspace& work, const uint8_t* const* pictures, int count, int blocks) {
  const Maps& in = program.input;
  const int padding = program.input_padding;
  const ptrdiff_t block_size = ptrdiff_t(program.block_vectors) * lanes;
  alignas(64) static const uint8_t empty[64] = {};
  for (int b = 0; b < blocks; ++b) {
    const int here = count - b * lanes < lanes ? count - b * lanes : lanes;
    uint64_t* ink = work.ink + b * (in.height + 2 * padding) + padding;
    for (int y = 0; y < in.height; ++y) ink[y] = 0;
    for (int m = 0; m < in.maps; ++m) {
      for (int y = 0; y < in.height; ++y) {
        const ptrdiff_t row = (ptrdiff_t(m) * in.height + y) * in.width;
        float* out = work.blocks + b * block_size + (in.offset + m * in.map + y * in.row) * lanes;
        for (int x = 0; x < in.width; x += lanes) {
          // The last square of a row starts early where it would leave the picture.
          const int left = in.width >= lanes && x + lanes > in.width ? in.width - lanes : x;
          const int whole = in.width - left < lanes ? in.width - left : lanes;
          Vector v[lanes];
          Bytes any{};
          LENET_UNROLL for (int n = 0; n < lanes; ++n) {
            const uint8_t* at = n < here ? pictures[b * lanes + n] + row + left : empty;
            Bytes gray{};
            if (whole == lanes) gray = *reinterpret_cast<const Bytes*>(at);
            else for (int i = 0; i < whole; ++i) gray[i] = at[i];
            any |= gray;
            v[n] = __builtin_convertvector(widened(gray), Vector) * program.gray_step + program.background;
          }
          transpose(v);
          LENET_UNROLL for (int i = 0; i < lanes; ++i) {
            if (i < whole) store(out + (left + i) * lanes, v[i]);
          }
          ink[y] |= bits(any) << ((left + padding) & 63);
        }
      }
    }
  }
}

// Network inputs as they are, (channels, height, width) each.
static void load_inputs(const Program& program, const Workspace& work, const float* const* inputs, int count, int blocks) {
  const Maps& in = program.input;
  const ptrdiff_t block_size = ptrdiff_t(program.block_vectors) * lanes;
  for (int b = 0; b < blocks; ++b) {
    uint64_t* ink = work.ink + b * (in.height + 2 * program.input_padding) + program.input_padding;
    for (int y = 0; y < in.height; ++y) ink[y] = ~uint64_t(0);
    for (int n = 0; n < lanes; ++n) {
      const int image = b * lanes + n;
      for (int m = 0; m < in.maps; ++m) {
        for (int y = 0; y < in.height; ++y) {
          const float* row = image < count ? inputs[image] + (ptrdiff_t(m) * in.height + y) * in.width : nullptr;
          float* out = work.blocks + b * block_size + (in.offset + m * in.map + y * in.row) * lanes + n;
          for (int x = 0; x < in.width; ++x) out[x * lanes] = row ? row[x] : program.background;
        }
      }
    }
  }
}

// Even numbers from -1 to 1; each picture of each epoch has its own sequence.
struct Chance {
  uint64_t state;

  __attribute__((always_inline)) float even() {
    state += 0x9E3779B97F4A7C15u;  // splitmix64
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return float(int32_t((z ^ (z >> 31)) >> 32)) * (1.f / 2147483648.f);
  }
};

constexpr int max_side = 64;  // of pictures that are distorted

// Displacements that change smoothly: even noise on a coarse grid, between which a quadratic B-spline runs.
// On a grid of 2 standard deviations it is as smooth as noise under a Gaussian filter of that deviation.
static void elastic_field(Chance& chance, int height, int width, float strength, float spacing, float (*field)[max_side]) {
  float grid[max_side / 2 + 4][max_side / 2 + 4];
  const int rows = int(float(height) / spacing) + 4, columns = int(float(width) / spacing) + 4;
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) grid[y][x] = strength * chance.even();
  }
  for (int y = 0; y < height; ++y) {
    const float v = float(y) / spacing;
    const int gy = int(v);
    const float t = v - float(gy);
    const float up = 0.5f * (1 - t) * (1 - t), down = 0.5f * t * t, mid = 1 - up - down;
    float row[max_side / 2 + 4];
    for (int x = 0; x < columns; ++x) row[x] = up * grid[gy][x] + mid * grid[gy + 1][x] + down * grid[gy + 2][x];
    for (int x = 0; x < width; ++x) {
      const float u = float(x) / spacing;
      const int gx = int(u);
      const float s = u - float(gx);
      const float before = 0.5f * (1 - s) * (1 - s), after = 0.5f * s * s;
      field[y][x] = before * row[gx] + (1 - before - after) * row[gx + 1] + after * row[gx + 2];
    }
  }
}

// One distorted picture plane by plane, bilinear around its center; what comes in from outside is empty (gray) or
// repeats the edge (color).
static void distort(const Program& program, const uint8_t* picture, uint64_t seed, const Distortions& limits, uint8_t* out) {
  const int height = program.input.height, width = program.input.width;
  Chance chance{seed};
  const float angle = limits.rotation * chance.even() * 0.017453292519943295f;
  const float scale = 1 + limits.scale * chance.even(), squeeze = 1 + limits.squeeze * chance.even();
  const float shear = limits.shear * chance.even();
  const float move_x = limits.translation * chance.even(), move_y = limits.translation * chance.even();
  const float cosine = __builtin_cosf(angle), sine = __builtin_sinf(angle);
  const float grow_x = 1 / (scale * squeeze), grow_y = squeeze / scale;
  const float xx = grow_x * cosine, xy = grow_x * sine + shear * grow_y * cosine, yx = -grow_y * sine, yy = grow_y * cosine;
  const float center_x = float(width - 1) / 2, center_y = float(height - 1) / 2;
  static thread_local float down[max_side][max_side], right[max_side][max_side];
  if (limits.elastic > 0) {
    const float spacing = 2 * limits.elastic_smoothness > 2 ? 2 * limits.elastic_smoothness : 2;
    // The deviation of even noise is 1/√3; the spline keeps 0.55 of it along each axis, on average over positions.
    const float strength = limits.elastic * 1.7320508f / 0.55f;
    elastic_field(chance, height, width, strength, spacing, down);
    elastic_field(chance, height, width, strength, spacing, right);
  }
  const bool repeats = program.input.maps > 1;
  // Two empty rows and columns around the picture spare a test of every pixel.
  static thread_local float framed[(max_side + 4) * (max_side + 4)];
  const int pitch = width + 4;
  for (int m = 0; m < program.input.maps; ++m, picture += height * width, out += height * width) {
    for (int y = -2; y < height + 2; ++y) {
      const int from_y = y < 0 ? 0 : y >= height ? height - 1 : y;
      float* row = framed + (y + 2) * pitch;
      const bool outside = y != from_y && !repeats;
      for (int x = 0; x < width; ++x) row[x + 2] = outside ? 0 : picture[from_y * width + x];
      row[0] = row[1] = repeats ? row[2] : 0;
      row[width + 2] = row[width + 3] = repeats ? row[width + 1] : 0;
    }
    const float highest_x = float(width) + 0.99f, highest_y = float(height) + 0.99f;
    for (int y = 0; y < height; ++y) {
      const float cy = float(y) - center_y - move_y;
      for (int x = 0; x < width; ++x) {
        float px = float(x) - center_x - move_x, py = cy;
        if (limits.elastic > 0) px += right[y][x], py += down[y][x];
        float at_x = xx * px + xy * py + center_x + 2, at_y = yx * px + yy * py + center_y + 2;
        at_x = at_x < 0 ? 0 : at_x > highest_x + 1 ? highest_x + 1 : at_x;
        at_y = at_y < 0 ? 0 : at_y > highest_y + 1 ? highest_y + 1 : at_y;
        const int ix = int(at_x), iy = int(at_y);
        const float fx = at_x - float(ix), fy = at_y - float(iy);
        const float* corner = framed + iy * pitch + ix;
        const float top = corner[0] + fx * (corner[1] - corner[0]);
        const float bottom = corner[pitch] + fx * (corner[pitch + 1] - corner[pitch]);
        out[y * width + x] = uint8_t(top + fy * (bottom - top) + 0.5f);
      }
    }
  }
}

// Distorted, then mirrored, then shifted, as told.
static void change_gray(const Program& program, const uint8_t* picture, const Change& change, const Distortions& limits,
                        uint8_t* changed) {
  const int height = program.input.height, width = program.input.width, planes = program.input.maps;
  static thread_local uint8_t distorted[3 * max_side * max_side];
  if (change.distorted) {
    distort(program, picture, change.seed, limits, distorted);
    picture = distorted;
  }
  const bool repeats = planes > 1;
  for (int m = 0; m < planes; ++m) {
    for (int y = 0; y < height; ++y, changed += width) {
      int from_y = y - change.down;
      const bool outside = from_y < 0 || from_y >= height;
      if (outside && !repeats) {
        __builtin_memset(changed, 0, size_t(width));
        continue;
      }
      from_y = from_y < 0 ? 0 : from_y >= height ? height - 1 : from_y;
      const uint8_t* row = picture + (ptrdiff_t(m) * height + from_y) * width;
      // Columns [begin, end) come from the row, the rest from outside of it.
      const int right = change.right > width ? width : change.right < -width ? -width : change.right;
      const int begin = right > 0 ? right : 0, end = right < 0 ? width + right : width;
      const uint8_t before = repeats ? row[change.mirrored ? width - 1 : 0] : 0;
      const uint8_t after = repeats ? row[change.mirrored ? 0 : width - 1] : 0;
      __builtin_memset(changed, before, size_t(begin));
      if (change.mirrored) {
        for (int x = begin; x < end; ++x) changed[x] = row[width - 1 - (x - right)];
      } else {
        __builtin_memcpy(changed + begin, row + begin - right, size_t(end - begin));
      }
      __builtin_memset(changed + end, after, size_t(width - end));
    }
  }
}

}  // namespace lenet::LENET_ISA
