// Normalization of digits as MNIST's authors did it: `lenet.reading.normalization` says what each step is for, and its
// OpenCV form is the reference, which this one follows rounding for rounding (as OpenCV is with Intel's library, which
// some builds lack). One crop after the other, on the calling thread; every processor gives the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "area_weights.h"

namespace lenet {

// A part of an ink map: gray levels, 0 is paper and 1 full ink, with the distance from one row to the next.
struct Crop {
  const float* levels;
  int height, width;
  ptrdiff_t row;
};

// Where a target pixel lies in the source: four neighbors from `first` on, and their weights.
struct Sample {
  int first;
  float weights[4];
};

// A row of values smoothed as OpenCV's Gaussian filter smooths a picture of one row; what lies beyond an end is the row
// reflected in it.
void smooth_profile(const float* values, int count, double sigma, float* to);

class Normalizer {
 public:
  static constexpr int side = 28;

  // Writes side * side gray levels, ink high; false if there is no ink to speak of.
  bool normalize(const Crop& ink, double thicken, uint8_t* picture);

 private:
  struct Box {
    int top, left, bottom, right;
  };
  struct Plane {
    std::vector<float> levels;
    int height = 0, width = 0;
    void reset(int rows, int columns) {
      height = rows;
      width = columns;
      levels.assign(size_t(rows) * columns, 0.f);
    }
    float* row(int y) { return levels.data() + size_t(y) * width; }
  };

  static bool crop_to_ink(const float* levels, int height, int width, ptrdiff_t row, Box& box);
  void reduce(const float* levels, int height, int width, ptrdiff_t row, int rows, int columns, double scale_y,
              double scale_x, Plane& target, int border);
  void reduce_by_whole(const float* levels, int height, int width, ptrdiff_t row, int rows, int columns, int scale_y,
                       int scale_x, Plane& target, int border);
  void enlarge(const Crop& box, double scale, int height, int width);
  void smooth(double sigma);
  bool redraw(double thicken);
  void measure_distances(bool inside, const Box& box);
  static void list_samples(int count, int source_size, double scale, double corner, bool is_cubic, int fused_end,
                           std::vector<Sample>& samples);

  Plane drawing, filtered_rows, small;
  std::vector<uint8_t> mask, ridge;
  std::vector<float> distances;
  std::vector<AreaWeight> row_weights, column_weights;
  std::vector<Sample> ys, xs;
  std::vector<float> row_sums, padded, cell;
};

}  // namespace lenet
