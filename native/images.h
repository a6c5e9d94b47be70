// Loading pictures into a block's input, one image in each lane, and augmenting them.
#pragma once

#include "program.h"
#include "vector.h"

namespace lenet::LENET_ISA {

// A step of its own: in one conversion from bytes to floats compilers go number by number.
LENET_INLINE Integers to_integers(Bytes bytes) { return __builtin_convertvector(bytes, Integers); }

// One bit for each byte that is not 0, the first lowest.
LENET_INLINE uint64_t nonzero_bits(Bytes bytes) {
  uint8_t ones[16] = {};
  const Bytes set = (Bytes)(bytes != 0) & 1;
  __builtin_memcpy(ones, &set, sizeof set);
  uint64_t halves[2];
  __builtin_memcpy(halves, ones, 16);
  // The product brings the lowest bits of eight bytes together in the highest byte.
  constexpr uint64_t gather = 0x0102040810204080u;
  return (halves[0] * gather >> 56) | (halves[1] * gather >> 56) << 8;
}

// Converts gray levels to network inputs and transposes them into lanes, a square of pixels of as many pictures at a time.
static void load_gray(const Program& program, const Workspace& work, const uint8_t* const* pictures, int count, int blocks) {
  const Maps& in = program.input;
  const int padding = program.input_padding;
  const ptrdiff_t block_size = ptrdiff_t(program.block_vectors) * lanes;
  alignas(64) static const uint8_t empty[64] = {};
  const float background = program.background - program.input_offset;
  for (int b = 0; b < blocks; ++b) {
    const int images = count - b * lanes < lanes ? count - b * lanes : lanes;
    uint64_t* ink = work.ink + b * (in.height + 2 * padding) + padding;
    for (int y = 0; y < in.height; ++y) ink[y] = 0;
    for (int m = 0; m < in.maps; ++m) {
      for (int y = 0; y < in.height; ++y) {
        const ptrdiff_t row = (ptrdiff_t(m) * in.height + y) * in.width;
        float* out = work.blocks + b * block_size + (in.offset + m * in.map + y * in.row) * lanes;
        for (int x = 0; x < in.width; x += lanes) {
          // The last square of a row starts early where it would leave the picture.
          const int left = in.width >= lanes && x + lanes > in.width ? in.width - lanes : x;
          const int columns = in.width - left < lanes ? in.width - left : lanes;
          Vector v[lanes];
          Bytes ink_levels{};
          LENET_UNROLL for (int n = 0; n < lanes; ++n) {
            const uint8_t* gray_row = n < images ? pictures[b * lanes + n] + row + left : empty;
            Bytes gray{};
            if (columns == lanes) gray = *reinterpret_cast<const Bytes*>(gray_row);
            else for (int i = 0; i < columns; ++i) gray[i] = gray_row[i];
            ink_levels |= gray;
            v[n] = __builtin_convertvector(to_integers(gray), Vector) * program.gray_step + background;
          }
          transpose(v);
          LENET_UNROLL for (int i = 0; i < lanes; ++i) {
            if (i < columns) store(out + (left + i) * lanes, v[i]);
          }
          ink[y] |= nonzero_bits(ink_levels) << ((left + padding) & 63);
        }
      }
    }
  }
}

// Loads network inputs, (channels, height, width) each.
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
          for (int x = 0; x < in.width; ++x) out[x * lanes] = (row ? row[x] : program.background) - program.input_offset;
        }
      }
    }
  }
}

// A generator of uniform numbers from -1 to 1 (splitmix64), seeded for each picture and epoch.
struct UniformGenerator {
  uint64_t state;

  __attribute__((always_inline)) float uniform() {
    state += 0x9E3779B97F4A7C15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return float(int32_t((z ^ (z >> 31)) >> 32)) * (1.f / 2147483648.f);
  }
};

constexpr int max_side = 64;  // of pictures that are distorted

// The weights of a quadratic B-spline on a coarse grid at each position along one axis.
struct Spline {
  int32_t cell[max_side];
  float left_weight[max_side], center_weight[max_side], right_weight[max_side];
  int cells;

  __attribute__((always_inline)) Spline(int length, float spacing) : cells(int(float(length) / spacing) + 4) {
    for (int i = 0; i < length; ++i) {
      const float u = float(i) / spacing;
      cell[i] = int(u);
      const float t = u - float(cell[i]);
      left_weight[i] = 0.5f * (1 - t) * (1 - t);
      right_weight[i] = 0.5f * t * t;
      center_weight[i] = 1 - left_weight[i] - right_weight[i];
    }
  }
};

constexpr int max_cells = max_side / 2 + 4;

// A smooth field of random displacements: uniform noise on a coarse grid, interpolated by a spline. On a grid of 2 standard
// deviations it is as smooth as noise under a Gaussian filter of that deviation.
static void elastic_field(UniformGenerator& generator, const Spline& rows, const Spline& columns, int height,
                          int width, float amplitude, float (*field)[max_side]) {
  float grid[max_cells][max_cells], row[max_cells];
  for (int y = 0; y < rows.cells; ++y) {
    for (int x = 0; x < columns.cells; ++x) grid[y][x] = amplitude * generator.uniform();
  }
  for (int y = 0; y < height; ++y) {
    const float* above = grid[rows.cell[y]];
    const float* center = grid[rows.cell[y] + 1];
    const float* below = grid[rows.cell[y] + 2];
    for (int x = 0; x < columns.cells; ++x) {
      row[x] = rows.left_weight[y] * above[x] + rows.center_weight[y] * center[x] + rows.right_weight[y] * below[x];
    }
    for (int x = 0; x < width; ++x) {
      const float* cell = row + columns.cell[x];
      field[y][x] = columns.left_weight[x] * cell[0] + columns.center_weight[x] * cell[1] + columns.right_weight[x] * cell[2];
    }
    for (int x = width; x % lanes; ++x) field[y][x] = 0;  // whole vectors will be read
  }
}

// Clamps to 0 … `last`; NaN becomes 0.
LENET_INLINE Vector clamped(Vector v, float last) {
  return min(max(masked(v == v, v), Vector{}), broadcast(last));
}

LENET_INLINE void to_floats(const uint8_t* gray, int count, float* out) {
  int x = 0;
  for (; x + lanes <= count; x += lanes) {
    store_unaligned(out + x, __builtin_convertvector(to_integers(*reinterpret_cast<const Bytes*>(gray + x)), Vector));
  }
  for (; x < count; ++x) out[x] = gray[x];
}

// Distorts one picture plane by plane, by bilinear interpolation around its center; outside pixels are empty (gray) or repeat
// the edge (color).
static void distort(const Program& program, const uint8_t* picture, uint64_t seed, const Distortions& limits, uint8_t* out) {
  const int height = program.input.height, width = program.input.width;
  UniformGenerator generator{seed};
  const float angle = limits.rotation * generator.uniform() * 0.017453292519943295f;
  const float scale = 1 + limits.scale * generator.uniform(), squeeze = 1 + limits.squeeze * generator.uniform();
  const float shear = limits.shear * generator.uniform();
  const float move_x = limits.translation * generator.uniform(), move_y = limits.translation * generator.uniform();
  const float cosine = __builtin_cosf(angle), sine = __builtin_sinf(angle);
  const float grow_x = 1 / (scale * squeeze), grow_y = squeeze / scale;
  const float xx = grow_x * cosine, xy = grow_x * sine + shear * grow_y * cosine, yx = -grow_y * sine, yy = grow_y * cosine;
  const float center_x = float(width - 1) / 2, center_y = float(height - 1) / 2;
  const bool elastic = limits.elastic > 0;
  float down[max_side][max_side], right[max_side][max_side];
  if (elastic) {
    const float spacing = 2 * limits.elastic_smoothness > 2 ? 2 * limits.elastic_smoothness : 2;
    const Spline along_rows(height, spacing), along_columns(width, spacing);
    // The standard deviation of uniform noise is 1/√3; the spline keeps 0.55 of it along each axis, on average.
    const float amplitude = limits.elastic * 1.7320508f / 0.55f;
    elastic_field(generator, along_rows, along_columns, height, width, amplitude, down);
    elastic_field(generator, along_rows, along_columns, height, width, amplitude, right);
  }
  const bool replicates = program.input.maps > 1;
  // A frame of two empty rows and columns saves a bounds check for every pixel.
  float padded[(max_side + 4) * (max_side + 4)];
  const int pitch = width + 4;
  const float last_x = float(width) + 1.99f, last_y = float(height) + 1.99f;
  float columns[max_side];
  for (int x = 0; x < max_side; ++x) columns[x] = float(x);
  for (int m = 0; m < program.input.maps; ++m, picture += height * width) {
    for (int y = -2; y < height + 2; ++y) {
      const int from_y = y < 0 ? 0 : y >= height ? height - 1 : y;
      float* row = padded + (y + 2) * pitch;
      if (y != from_y && !replicates) {
        __builtin_memset(row, 0, size_t(pitch) * sizeof(float));
        continue;
      }
      to_floats(picture + from_y * width, width, row + 2);
      row[0] = row[1] = replicates ? row[2] : 0;
      row[width + 2] = row[width + 3] = replicates ? row[width + 1] : 0;
    }
    for (int y = 0; y < height; ++y, out += width) {
      const Vector py = broadcast(float(y) - center_y - move_y);
      for (int x = 0; x < width; x += lanes) {
        Vector qx = load_unaligned(columns + x) - (center_x + move_x), qy = py;
        if (elastic) qx += load_unaligned(&right[y][x]), qy += load_unaligned(&down[y][x]);
        const Vector source_x = clamped(xx * qx + xy * qy + (center_x + 2), last_x);
        const Vector source_y = clamped(yx * qx + yy * qy + (center_y + 2), last_y);
        const Integers column = __builtin_convertvector(source_x, Integers), row = __builtin_convertvector(source_y, Integers);
        const Vector x_fraction = source_x - __builtin_convertvector(column, Vector);
        const Vector y_fraction = source_y - __builtin_convertvector(row, Vector);
        const Integers corner = row * pitch + column;
        Vector a, b, c, d;
        for (int i = 0; i < lanes; ++i) {
          const float* corner_pixel = padded + corner[i];
          a[i] = corner_pixel[0], b[i] = corner_pixel[1], c[i] = corner_pixel[pitch], d[i] = corner_pixel[pitch + 1];
        }
        const Vector top = a + x_fraction * (b - a), bottom = c + x_fraction * (d - c);
        const Integers gray = __builtin_convertvector(top + y_fraction * (bottom - top) + 0.5f, Integers);
        for (int i = 0; i < lanes && x + i < width; ++i) out[x + i] = uint8_t(gray[i]);
      }
    }
  }
}

// Augments one picture: distorts, then mirrors, then shifts it.
static void augment_gray(const Program& program, const uint8_t* picture, const Augmentation& augmentation,
                         const Distortions& limits, uint8_t* augmented) {
  const int height = program.input.height, width = program.input.width, planes = program.input.maps;
  uint8_t distorted[3 * max_side * max_side];
  if (augmentation.distorted) {
    distort(program, picture, augmentation.seed, limits, distorted);
    picture = distorted;
  }
  const bool replicates = planes > 1;
  for (int m = 0; m < planes; ++m) {
    for (int y = 0; y < height; ++y, augmented += width) {
      int from_y = y - augmentation.shift_down;
      const bool outside = from_y < 0 || from_y >= height;
      if (outside && !replicates) {
        __builtin_memset(augmented, 0, size_t(width));
        continue;
      }
      from_y = from_y < 0 ? 0 : from_y >= height ? height - 1 : from_y;
      const uint8_t* row = picture + (ptrdiff_t(m) * height + from_y) * width;
      // Columns [begin, end) come from the row, the rest from outside of it.
      const int shift = augmentation.shift_right, right = shift > width ? width : shift < -width ? -width : shift;
      const int begin = right > 0 ? right : 0, end = right < 0 ? width + right : width;
      const uint8_t before = replicates ? row[augmentation.mirrored ? width - 1 : 0] : 0;
      const uint8_t after = replicates ? row[augmentation.mirrored ? 0 : width - 1] : 0;
      __builtin_memset(augmented, before, size_t(begin));
      if (augmentation.mirrored) {
        for (int x = begin; x < end; ++x) augmented[x] = row[width - 1 - (x - right)];
      } else {
        __builtin_memcpy(augmented + begin, row + begin - right, size_t(end - begin));
      }
      __builtin_memset(augmented + end, after, size_t(width - end));
    }
  }
}

}  // namespace lenet::LENET_ISA
