#include "normalization.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lenet {

namespace {

constexpr int digit_side = 20, drawing_side = 80, margin = 14, min_pixels = 3;
constexpr double stroke_width = 9.5, max_cubic = 4;
constexpr float straight = 0.955f, diagonal = 1.3693f, far = std::numeric_limits<float>::max();  // steps of distances

int rounded(double value) { return int(std::nearbyint(value)); }  // half to even

float clipped(float value) { return std::min(std::max(value, 0.f), 1.f); }

// a * b + c with one rounding, on processors without such an operation, too: the product of two floats is exact in double.
float fused(float a, float b, float c) { return float(double(a) * b + c); }

// The weights of four neighbors at a fraction of a pixel behind the second.
void cubic_weights(float x, float* weights) {
  constexpr float sharpness = -0.75f;
  const float complement = 1 - x, square = x * x;
  weights[0] = sharpness * (x * (complement * complement));
  weights[3] = sharpness * (square * complement);
  weights[1] = fused(fused(1.25f, x, -2.25f), square, 1);
  weights[2] = ((1 - weights[0]) - weights[1]) - weights[3];
}

// The sum of floats in the order in which NumPy takes it.
float sum_of(const float* values, int count) {
  if (count > 128) {
    const int half = (count >> 1) & ~7;
    return sum_of(values, half) + sum_of(values + half, count - half);
  }
  float lanes[8] = {};
  const int unrolled = count & ~7;
  for (int i = 0; i < unrolled; ++i) lanes[i & 7] += values[i];
  float total = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  for (int i = unrolled; i < count; ++i) total += values[i];
  return total;
}

// Of a Gaussian filter, as many as OpenCV takes.
std::vector<float> gaussian_weights(double sigma) {
  const int size = rounded(sigma * 8 + 1) | 1, reach = size / 2;
  std::vector<double> exact;
  for (int k = -reach; k <= 0; ++k) exact.push_back(std::exp((-0.5 * k * k) / (sigma * sigma)));
  double total = 0;
  for (int k = 0; k < reach; ++k) total += exact[size_t(k)];
  total = 2 * total + exact[size_t(reach)];
  std::vector<float> weights(static_cast<size_t>(size));
  for (int k = 0; k <= reach; ++k)
    weights[size_t(k)] = weights[size_t(size - 1 - k)] = float(exact[size_t(k)] / total);
  return weights;
}

// An index beyond the ends, reflected into them.
int reflected(int index, int count) {
  while (index < 0 || index >= count) index = index < 0 ? -index : 2 * count - 2 - index;
  return index;
}

// A row padded with its reflections.
void pad_reflected(const float* row, int count, int reach, float* to) {
  std::copy_n(row, count, to + reach);
  for (int x = 1; x <= reach; ++x) {
    to[reach - x] = row[reflected(-x, count)];
    to[reach + count - 1 + x] = row[reflected(count - 1 + x, count)];
  }
}

// OpenCV's Gaussian filter rounds products and sums once, up to the last whole vector of a row.
int fused_in_rows(int size, int width) { return width - width % (size == 5 ? 2 : 4); }
int fused_in_columns(int width) { return width - width % 8; }

// Loops over rows, by the best instructions that this processor has.
struct RowLoops {
  void (*interpolate)(const float*, const Sample*, int, bool, float*);
  void (*combine)(const float* const*, const float*, int, bool, float*);
  void (*smooth_row)(const float*, const float*, int, int, int, float*);
  void (*smooth_column)(const float* const*, const float*, int, int, int, float*);
};

#define LENET_ROWS plain
#define LENET_TARGET
#if defined(__FMA__) || defined(__aarch64__)
#define LENET_FUSED(a, b, c) __builtin_fmaf(a, b, c)
#else
#define LENET_FUSED(a, b, c) fused(a, b, c)
#endif
#include "normalization_rows.h"

#if defined(__x86_64__)
#define LENET_ROWS wide
#define LENET_TARGET __attribute__((target("avx2,fma")))
#define LENET_FUSED(a, b, c) __builtin_fmaf(a, b, c)
#include "normalization_rows.h"

const RowLoops& row_loops_for_this_processor() {
  static const bool is_wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return is_wide ? wide::loops : plain::loops;
}
#else
const RowLoops& row_loops_for_this_processor() { return plain::loops; }
#endif

}  // namespace

void smooth_profile(const float* values, int count, double sigma, float* to) {
  if (count == 1) {
    *to = *values;
    return;
  }
  const RowLoops& loops = row_loops_for_this_processor();
  const std::vector<float> weights = gaussian_weights(sigma);
  const int size = int(weights.size()), reach = size / 2;
  std::vector<float> padded(size_t(count) + size_t(2 * reach));
  pad_reflected(values, count, reach, padded.data());
  loops.smooth_row(padded.data(), weights.data(), size, count, fused_in_rows(size, count), to);
}

bool Normalizer::normalize(const Crop& ink, double thicken, uint8_t* picture) {
  Box box;
  if (!crop_to_ink(ink.levels, ink.height, ink.width, ink.row, box)) return false;
  const int height = box.bottom - box.top, width = box.right - box.left;
  const double scale = double(drawing_side) / std::max(height, width);
  if ((std::min(height, width) + 2) * scale < 1) return false;  // a hairline: nothing of it would be left
  const Crop crop{ink.levels + box.top * ink.row + box.left, height, width, ink.row};
  if (scale < 0.7) {
    padded.assign(size_t(height + 2) * (width + 2), 0.f);
    for (int y = 0; y < height; ++y)
      std::copy_n(crop.levels + y * crop.row, width, padded.data() + size_t(y + 1) * (width + 2) + 1);
    const int rows = rounded((height + 2) * scale), columns = rounded((width + 2) * scale);
    drawing.reset(rows + 2 * margin, columns + 2 * margin);
    reduce(padded.data(), height + 2, width + 2, width + 2, rows, columns, 1 / scale, 1 / scale, drawing, margin);
  } else {
    enlarge(crop, scale, int(std::ceil(height * scale)) + 2 * margin, int(std::ceil(width * scale)) + 2 * margin);
    if (scale > 1.5) smooth(0.35 * scale);  // rounds the staircase that enlarging leaves
  }
  if (!redraw(thicken)) return false;

  if (!crop_to_ink(drawing.levels.data(), drawing.height, drawing.width, drawing.width, box)) return false;
  const int rows = box.bottom - box.top, columns = box.right - box.left;
  if (std::max(rows, columns) < digit_side) return false;
  const double reduction = double(digit_side) / std::max(rows, columns);
  const int small_rows = std::max(1, rounded(rows * reduction)), small_columns = std::max(1, rounded(columns * reduction));
  small.reset(small_rows, small_columns);
  const float* strokes = drawing.levels.data() + size_t(box.top) * drawing.width + box.left;
  reduce(strokes, rows, columns, drawing.width, small_rows, small_columns, 1 / (double(small_rows) / rows),
         1 / (double(small_columns) / columns), small, 0);
  const float mass = sum_of(small.row(0), small_rows * small_columns);
  double moment_y = 0, moment_x = 0;
  for (int y = 0; y < small_rows; ++y) moment_y += double(sum_of(small.row(y), small_columns)) * y;
  for (int x = 0; x < small_columns; ++x) {
    float total = 0;
    for (int y = 0; y < small_rows; ++y) total += small.row(y)[x];
    moment_x += double(total) * x;
  }
  const int top = std::clamp(rounded((side - 1) / 2.0 - moment_y / mass), 0, side - small_rows);
  const int left = std::clamp(rounded((side - 1) / 2.0 - moment_x / mass), 0, side - small_columns);
  std::fill_n(picture, side * side, uint8_t(0));
  for (int y = 0; y < small_rows; ++y)
    for (int x = 0; x < small_columns; ++x)
      picture[(top + y) * side + left + x] = uint8_t(std::nearbyint(clipped(small.row(y)[x]) * 255.f));
  return true;
}

bool Normalizer::crop_to_ink(const float* levels, int height, int width, ptrdiff_t row, Box& box) {
  box = {height, width, 0, 0};
  int pixels = 0;
  for (int y = 0; y < height; ++y) {
    const float* const at = levels + y * row;
    int count = 0;
    for (int x = 0; x < width; ++x) count += at[x] >= 0.5f;
    if (!count) continue;
    pixels += count;
    box.top = std::min(box.top, y);
    box.bottom = y + 1;
    int first = 0, last = width - 1;
    while (!(at[first] >= 0.5f)) ++first;
    while (!(at[last] >= 0.5f)) --last;
    box.left = std::min(box.left, first);
    box.right = std::max(box.right, last + 1);
  }
  return pixels >= min_pixels;
}

// By area: each target pixel is the mean of the source pixels that it covers, in part or whole.
void Normalizer::reduce(const float* levels, int height, int width, ptrdiff_t row, int rows, int columns, double scale_y,
                        double scale_x, Plane& target, int border) {
  if (is_whole(scale_y) && is_whole(scale_x)) {
    reduce_by_whole(levels, height, width, row, rows, columns, rounded(scale_y), rounded(scale_x), target, border);
    return;
  }
  list_area_weights(height, rows, scale_y, row_weights);
  list_area_weights(width, columns, scale_x, column_weights);
  row_sums.assign(size_t(columns), 0.f);
  int last_read = -1;
  for (const AreaWeight& overlap : row_weights) {
    if (overlap.source != last_read) {
      last_read = overlap.source;
      std::fill(row_sums.begin(), row_sums.end(), 0.f);
      const float* const at = levels + overlap.source * row;
      for (const AreaWeight& overlap_x : column_weights) row_sums[size_t(overlap_x.target)] += at[overlap_x.source] * overlap_x.weight;
    }
    float* const sum = target.row(overlap.target + border) + border;
    for (int x = 0; x < columns; ++x) sum[x] += overlap.weight * row_sums[size_t(x)];
  }
}

void Normalizer::reduce_by_whole(const float* levels, int height, int width, ptrdiff_t row, int rows, int columns,
                                 int scale_y, int scale_x, Plane& target, int border) {
  const float weight = 1.f / float(scale_y * scale_x);
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) {
      const int top = y * scale_y, left = x * scale_x;
      const int cell_height = std::min(height - top, scale_y), cell_width = std::min(width - left, scale_x);
      cell.clear();
      for (int v = 0; v < cell_height; ++v) {
        const float* const from = levels + (top + v) * row + left;
        cell.insert(cell.end(), from, from + cell_width);
      }
      const int count = int(cell.size());
      float sum = 0, mean;
      if (count < scale_y * scale_x) {
        for (const float level : cell) sum += level;
        mean = sum / float(count);
      } else if (scale_y == 2 && scale_x == 2) {
        mean = 0.25f * ((cell[0] + cell[1]) + (cell[2] + cell[3]));
      } else {
        int k = 0;
        for (; k + 4 <= count; k += 4)
          sum += ((cell[size_t(k)] + cell[size_t(k) + 1]) + cell[size_t(k) + 2]) + cell[size_t(k) + 3];
        for (; k < count; ++k) sum += cell[size_t(k)];
        mean = sum * weight;
      }
      target.row(y + border)[x + border] = mean;
    }
  }
}

// The indices of target pixels in a source enlarged by a factor, its corner at `corner` of the target. Of the first
// `fused_end` the product is not rounded.
void Normalizer::list_samples(int count, int source_size, double scale, double corner, bool is_cubic, int fused_end,
                              std::vector<Sample>& samples) {
  const double size = double(float(scale)), exact = size * (1 / (size * size));
  const float step = float(exact), shift = float(-exact * double(float(corner)));
  samples.resize(size_t(count));
  for (int target = 0; target < count; ++target) {
    const float index = target < fused_end ? fused(step, float(target), shift) : step * float(target) + shift;
    const float whole = std::floor(index), fraction = index - whole;
    Sample& sample = samples[size_t(target)];
    sample.first = std::clamp(int(whole), -4, source_size + 3) - 1;
    if (is_cubic)
      cubic_weights(fraction, sample.weights);
    else
      sample.weights[0] = fraction;
  }
}

// By bicubic interpolation, or by bilinear where there are few pixels; in a margin of paper.
void Normalizer::enlarge(const Crop& crop, double scale, int height, int width) {
  const RowLoops& loops = row_loops_for_this_processor();
  constexpr int border = 8;  // of paper around the crop: all neighbors of target pixels lie there
  const bool is_cubic = scale < max_cubic;
  const double corner = margin - scale * 0.5 - 0.5;
  // Source pixels are counted from the one of paper before the crop.
  list_samples(height, crop.height + 2, scale, corner, is_cubic, 0, ys);
  list_samples(width, crop.width + 2, scale, corner, is_cubic, is_cubic ? 0 : width - width % 16, xs);
  padded.assign(size_t(crop.width) + 2 + 2 * border, 0.f);
  filtered_rows.reset(crop.height + 2 + 2 * border, width);
  for (int y = 0; y < crop.height; ++y) {
    std::copy_n(crop.levels + y * crop.row, crop.width, padded.data() + border + 1);
    float* const filtered = filtered_rows.row(y + border + 1);
    loops.interpolate(padded.data() + border, xs.data(), width, is_cubic, filtered);
  }
  drawing.reset(height, width);
  for (int y = 0; y < height; ++y) {
    const Sample& sample = ys[size_t(y)];
    const float* const rows[] = {filtered_rows.row(sample.first + border), filtered_rows.row(sample.first + border + 1),
                                 filtered_rows.row(sample.first + border + 2), filtered_rows.row(sample.first + border + 3)};
    if (sample.first + 3 < 1 || sample.first > crop.height) continue;  // paper
    loops.combine(rows, sample.weights, width, is_cubic, drawing.row(y));
  }
}

// Gaussian smoothing; what lies beyond an edge is the picture reflected in it.
void Normalizer::smooth(double sigma) {
  const RowLoops& loops = row_loops_for_this_processor();
  const std::vector<float> weights = gaussian_weights(sigma);
  const int size = int(weights.size()), reach = size / 2;
  const int height = drawing.height, width = drawing.width;
  filtered_rows.reset(height, width);
  padded.resize(size_t(width) + size_t(2 * reach));
  for (int y = 0; y < height; ++y) {
    const float* const from = drawing.row(y);
    pad_reflected(from, width, reach, padded.data());
    loops.smooth_row(padded.data(), weights.data(), size, width, fused_in_rows(size, width), filtered_rows.row(y));
  }
  std::vector<const float*> around(static_cast<size_t>(size));
  for (int y = 0; y < height; ++y) {
    for (int k = 0; k < size; ++k) around[size_t(k)] = filtered_rows.row(reflected(y + k - reach, height));
    loops.smooth_column(around.data(), weights.data(), size, width, fused_in_columns(width), drawing.row(y));
  }
}

// The drawing becomes strokes brought towards MNIST's width, by their distance to the edge; false if it has no ink.
bool Normalizer::redraw(double thicken) {
  const int height = drawing.height, width = drawing.width;
  mask.resize(drawing.levels.size());
  uint8_t* const ink = mask.data();  // the compiler would fetch pointers and counts anew for each byte written
  const float* const levels = drawing.levels.data();
  const size_t pixels = mask.size();
  for (size_t i = 0; i < pixels; ++i) ink[i] = levels[i] >= 0.5f;
  Box box{height, width, 0, 0};
  int64_t area = 0, inner = 0;
  for (int y = 0; y < height; ++y) {
    const uint8_t* const at = mask.data() + size_t(y) * width;
    int count = 0;
    for (int x = 0; x < width; ++x) count += at[x];
    if (!count) continue;
    area += count;
    box.top = std::min(box.top, y);
    box.bottom = y + 1;
    int first = 0, last = width - 1;
    while (!at[first]) ++first;
    while (!at[last]) --last;
    box.left = std::min(box.left, first);
    box.right = std::max(box.right, last + 1);
    if (y == 0 || y == height - 1) continue;
    int whole = 0;
    for (int x = 1; x < width - 1; ++x) {
      int eroded = 1;
      for (int dy = -1; dy <= 1; ++dy) {
        const uint8_t* const row = at + dy * width + x;
        eroded &= row[-1] & row[0] & row[1];
      }
      whole += eroded;
    }
    inner += whole;
  }
  if (!area) return false;
  const double measured = 2.0 * double(area) / double(std::max<int64_t>(area - inner, 1));
  const double growth = (stroke_width - measured) / 2 + thicken;
  const float grown = float(growth);
  // Where strokes grow by more than half a pixel's way to the next one, the inside is ink all over; where they shrink so
  // much, the outside is paper.
  const bool by_inside = grown < 0.05f, by_outside = grown > -0.05f;
  std::copy_n(ink, pixels, drawing.levels.begin());
  const int reach = int(std::ceil(std::max(grown, 0.f))) + 2;
  const auto clamp_box = [&](int by) {
    return Box{std::max(0, box.top - by), std::max(0, box.left - by), std::min(height, box.bottom + by),
               std::min(width, box.right + by)};
  };
  if (by_outside) {
    const Box around = clamp_box(reach);
    measure_distances(false, around);
    const int columns = around.right - around.left;
    for (int y = around.top; y < around.bottom; ++y) {
      const uint8_t* const at = mask.data() + size_t(y) * width + around.left;
      const float* const distance = distances.data() + size_t(y - around.top + 1) * (columns + 2) + 1;
      float* const to = drawing.row(y) + around.left;
      for (int x = 0; x < columns; ++x) {
        const float strokes = clipped((0.5f - distance[x]) + grown + 0.5f);
        to[x] = at[x] ? 1.f : strokes;
      }
    }
  }
  if (by_inside) {
    const Box around = clamp_box(1);
    measure_distances(true, around);
    const int columns = around.right - around.left, rows = around.bottom - around.top;
    const auto at = [&](int y) { return distances.data() + size_t(y + 1) * (columns + 2) + 1; };
    if (growth < 0) {  // the center lines stay, so that a thin part never vanishes
      ridge.assign(size_t(rows + 2) * (columns + 2), 0);
      for (int y = 0; y < rows; ++y) {
        uint8_t* const to = ridge.data() + size_t(y + 1) * (columns + 2) + 1;
        const float* const middle = at(y);
        for (int x = 0; x < columns; ++x) {
          float largest = 0;
          for (int dy = -1; dy <= 1; ++dy) {
            const float* const row = middle + dy * (columns + 2) + x;
            largest = std::max(largest, std::max(row[-1], std::max(row[0], row[1])));
          }
          to[x] = (largest <= middle[x] + 0.1f) & (middle[x] > 0.5f);
        }
      }
    }
    for (int y = 0; y < rows; ++y) {
      float* const to = drawing.row(around.top + y) + around.left;
      const uint8_t* const ink = mask.data() + size_t(around.top + y) * width + around.left;
      const float* const distance = at(y);
      for (int x = 0; x < columns; ++x) {
        const float strokes = clipped((distance[x] - 0.5f) + grown + 0.5f);
        to[x] = ink[x] ? strokes : to[x];
      }
      if (growth >= 0) continue;
      for (int x = 0; x < columns; ++x) {
        int near = 0;
        for (int dy = 0; dy <= 2; ++dy) {
          const uint8_t* const row = ridge.data() + size_t(y + dy) * (columns + 2) + x;
          near |= row[0] | row[1] | row[2];
        }
        to[x] = near ? 1.f : to[x];
      }
    }
  }
  return true;
}

// The chamfer distance of pixels of ink to paper, or of paper to ink, within a box and in a frame of one pixel. All ink lies
// in the box: beyond it there is paper. Sums are rounded in the order of Intel's library, which OpenCV calls: on the way
// down four pixels at a time, of which the last three reach over their neighbors with sums made beforehand.
void Normalizer::measure_distances(bool inside, const Box& box) {
  constexpr float sides[] = {0, straight, 2 * straight, 3 * straight, 4 * straight};
  constexpr float bends[] = {diagonal, diagonal + sides[1], diagonal + sides[2], diagonal + sides[3]};
  const int rows = box.bottom - box.top, columns = box.right - box.left, stride = columns + 2;
  const uint8_t reached = inside ? 0 : 1;
  distances.assign(size_t(rows + 2) * stride, inside ? 0 : far);
  for (int y = 0; y < rows; ++y) {
    const uint8_t* const ink = mask.data() + size_t(box.top + y) * drawing.width + box.left;
    float* const to = distances.data() + size_t(y + 1) * stride + 1;
    const float* const above = to - stride;
    const bool is_last = box.top + y == drawing.height - 1;
    for (int x = 0; x < columns; ++x) {
      if (ink[x] == reached) {
        to[x] = 0;
        continue;
      }
      const int column = box.left + x, lane = column & 3;
      float nearest = std::min(std::min(above[x - 1], above[x + 1]) + diagonal, above[x] + straight);
      if (lane == 0 || column < 4 || column - lane + 4 >= drawing.width || is_last || lane > x) {
        nearest = std::min(nearest, to[x - 1] + straight);
      } else {
        nearest = std::min(nearest, to[x - lane - 1] + sides[lane + 1]);
        for (int back = 1; back <= lane; ++back) {
          if (to[x - back] == 0) {
            nearest = std::min(nearest, sides[back]);
            break;
          }
        }
        for (int back = 1; back <= lane; ++back) nearest = std::min(nearest, above[x - 1 - back] + bends[back]);
      }
      to[x] = std::min(nearest, far);
    }
  }
  for (int y = rows - 1; y >= 0; --y) {
    float* const to = distances.data() + size_t(y + 1) * stride + 1;
    const float* const below = to + stride;
    for (int x = columns - 1; x >= 0; --x) {
      float nearest = to[x];
      if (!(nearest > straight)) continue;
      nearest = std::min(nearest, std::min(below[x - 1], below[x + 1]) + diagonal);
      to[x] = std::min(nearest, std::min(below[x], to[x + 1]) + straight);
    }
  }
}

}  // namespace lenet
