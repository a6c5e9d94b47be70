#include "color_reduction.h"

#include <vector>

#include "area_weights.h"

namespace lenet {

namespace {

typedef float Pixel __attribute__((vector_size(16)));  // red, green, blue, and nothing
typedef int32_t Numbers __attribute__((vector_size(16)));
typedef uint16_t Words __attribute__((vector_size(8)));
typedef uint8_t Bytes __attribute__((vector_size(4)));

// Three bytes of a pixel; or four, the last of which the next pixel is stored over.
inline void store(Bytes levels, uint8_t* to, bool has_next) { __builtin_memcpy(to, &levels, has_next ? 4 : 3); }

struct RowLoops {
  void (*halve)(const uint8_t*, const uint8_t*, int, uint16_t*, uint8_t*, Pixel*);
  void (*widen)(const uint8_t*, int, Pixel*);
  void (*reduce_row)(const Pixel*, const int*, const float*, int, int, Pixel*);
  void (*add_row)(const Pixel*, float, bool, int, Pixel*);
  void (*round_row)(const Pixel*, int, uint8_t*);
};

#define LENET_ROWS plain
#define LENET_TARGET
#include "color_reduction_rows.h"

#if defined(__x86_64__)
#define LENET_ROWS wide
#define LENET_TARGET __attribute__((target("avx2")))
#include "color_reduction_rows.h"
#endif

const RowLoops& row_loops_for_this_processor() {
#if defined(__x86_64__)
  static const bool is_wide = __builtin_cpu_supports("avx2");
  if (is_wide) return wide::loops;
#endif
  return plain::loops;
}

// The rows of a picture halved some times, made as they are asked for.
class HalvedRows {
 public:
  HalvedRows(const Colors& colors, int halvings, const RowLoops& loops)
      : colors(colors), loops(loops), halvings(halvings), between(size_t(halvings)), sums(size_t(colors.width) * 3 + 1) {
    for (int level = 1; level < halvings; ++level)
      between[size_t(level)].resize(2 * 3 * size_t(colors.width >> level));
  }

  void read(int y, Pixel* pixels) {
    if (halvings)
      loops.halve(bytes(halvings - 1, 2 * y), bytes(halvings - 1, 2 * y + 1), colors.width >> (halvings - 1),
                    sums.data(), nullptr, pixels);
    else
      loops.widen(bytes(0, y), colors.width, pixels);
  }

 private:
  const uint8_t* bytes(int level, int y) {
    if (level == 0) return colors.pixels + y * colors.row;
    uint8_t* const row = between[size_t(level)].data() + (y & 1) * 3 * size_t(colors.width >> level);
    loops.halve(bytes(level - 1, 2 * y), bytes(level - 1, 2 * y + 1), colors.width >> (level - 1), sums.data(), row,
                  nullptr);
    return row;
  }

  const Colors& colors;
  const RowLoops& loops;
  const int halvings;
  std::vector<std::vector<uint8_t>> between;
  std::vector<uint16_t> sums;
};

}  // namespace

bool reduce_colors(const Colors& colors, int halvings, int rows, int columns, uint8_t* target) {
  const int height = colors.height >> halvings, width = colors.width >> halvings;
  const double scale_y = 1 / (double(rows) / height), scale_x = 1 / (double(columns) / width);
  if (scale_y < 1 || scale_x < 1 || (is_whole(scale_y) && is_whole(scale_x))) return false;
  std::vector<AreaWeight> row_weights, column_weights;
  list_area_weights(height, rows, scale_y, row_weights);
  list_area_weights(width, columns, scale_x, column_weights);
  std::vector<int> firsts(static_cast<size_t>(columns)), counts(static_cast<size_t>(columns));
  int covered = 3;
  for (const AreaWeight& overlap : column_weights) {
    int& count = counts[size_t(overlap.target)];
    if (!count++) firsts[size_t(overlap.target)] = overlap.source;
    covered = std::max(covered, count);
  }
  std::vector<float> weights(size_t(columns) * covered);  // 0 for what lies behind
  for (const AreaWeight& overlap : column_weights)
    weights[size_t(overlap.target) * covered + size_t(overlap.source - firsts[size_t(overlap.target)])] = overlap.weight;

  const RowLoops& loops = row_loops_for_this_processor();
  HalvedRows source(colors, halvings, loops);
  std::vector<Pixel> pixels(size_t(width) + covered), row(static_cast<size_t>(columns)), sums(static_cast<size_t>(columns));
  int last_read = -1, target_row = -1;
  for (const AreaWeight& overlap : row_weights) {
    if (overlap.source != last_read) {
      last_read = overlap.source;
      source.read(last_read, pixels.data());
      loops.reduce_row(pixels.data(), firsts.data(), weights.data(), covered, columns, row.data());
    }
    if (overlap.target != target_row && target_row >= 0)
      loops.round_row(sums.data(), columns, target + size_t(target_row) * columns * 3);
    loops.add_row(row.data(), overlap.weight, overlap.target != target_row, columns, sums.data());
    target_row = overlap.target;
  }
  loops.round_row(sums.data(), columns, target + size_t(target_row) * columns * 3);
  return true;
}

}  // namespace lenet
