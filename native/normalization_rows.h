// The loops over rows that take most of the time of `normalization.cpp`, which includes this file once for each set of
// instructions: LENET_ROWS names the namespace, LENET_TARGET selects the instructions, LENET_FUSED(a, b, c) is a * b + c
// with one rounding. No include guard.

namespace LENET_ROWS {

// Horizontal interpolation of a row, bicubic or bilinear: each pixel from four weights, or from one.
LENET_TARGET void interpolate(const float* row, const Sample* samples, int width, bool is_cubic, float* to) {
  for (int x = 0; x < width; ++x) {
    const float* const at = row + samples[x].first;
    const float* const weights = samples[x].weights;
    to[x] = is_cubic ? LENET_FUSED(at[3], weights[3],
                                   LENET_FUSED(at[2], weights[2], LENET_FUSED(at[1], weights[1], at[0] * weights[0])))
                     : LENET_FUSED(weights[0], at[2] - at[1], at[1]);
  }
}

// Vertical interpolation between four rows, bicubic or bilinear (the two in the middle).
LENET_TARGET void combine(const float* const* rows, const float* weights, int width, bool is_cubic, float* to) {
  const float *const first = rows[0], *const second = rows[1], *const third = rows[2], *const fourth = rows[3];
  if (is_cubic) {
    for (int x = 0; x < width; ++x)
      to[x] = LENET_FUSED(fourth[x], weights[3],
                          LENET_FUSED(third[x], weights[2], LENET_FUSED(second[x], weights[1], first[x] * weights[0])));
  } else {
    for (int x = 0; x < width; ++x) to[x] = LENET_FUSED(weights[0], third[x] - second[x], second[x]);
  }
}

// Horizontal convolution of a row with `size` symmetric weights; multiply-adds are fused in the columns before `fused_end`.
LENET_TARGET void smooth_row(const float* row, const float* weights, int size, int width, int fused_end, float* to) {
  if (size == 5) {
    for (int x = 0; x < fused_end; ++x) {
      const float outer = row[x] + row[x + 4], inner = row[x + 1] + row[x + 3];
      to[x] = LENET_FUSED(outer, weights[4], LENET_FUSED(row[x + 2], weights[2], inner * weights[3]));
    }
    for (int x = fused_end; x < width; ++x)
      to[x] = (row[x + 2] * weights[2] + (row[x + 1] + row[x + 3]) * weights[3]) + (row[x] + row[x + 4]) * weights[4];
    return;
  }
  constexpr int lanes = 16;
  int x = 0;
  for (; x + lanes <= fused_end; x += lanes) {
    float sums[lanes];
    for (int lane = 0; lane < lanes; ++lane) sums[lane] = row[x + lane] * weights[0];
    for (int k = 1; k < size; ++k)
      for (int lane = 0; lane < lanes; ++lane) sums[lane] = LENET_FUSED(row[x + k + lane], weights[k], sums[lane]);
    for (int lane = 0; lane < lanes; ++lane) to[x + lane] = sums[lane];
  }
  for (; x < width; ++x) {
    float sum = row[x] * weights[0];
    const int last_unfused = x < fused_end ? 0 : (size - 1) / 4 * 4;  // the weights that OpenCV takes four at a time
    for (int k = 1; k < size; ++k)
      sum = k > last_unfused ? LENET_FUSED(row[x + k], weights[k], sum) : row[x + k] * weights[k] + sum;
    to[x] = sum;
  }
}

// Vertical convolution of `size` rows with as many symmetric weights.
LENET_TARGET void smooth_column(const float* const* rows, const float* weights, int size, int width, int fused_end,
                                float* to) {
  constexpr int lanes = 16;
  const int reach = size / 2;
  int x = 0;
  for (; x + lanes <= fused_end; x += lanes) {
    float sums[lanes];
    for (int lane = 0; lane < lanes; ++lane) sums[lane] = rows[reach][x + lane] * weights[reach];
    for (int k = 1; k <= reach; ++k) {
      const float *const above = rows[reach - k] + x, *const below = rows[reach + k] + x;
      for (int lane = 0; lane < lanes; ++lane)
        sums[lane] = LENET_FUSED(above[lane] + below[lane], weights[reach + k], sums[lane]);
    }
    for (int lane = 0; lane < lanes; ++lane) to[x + lane] = sums[lane];
  }
  for (; x < width; ++x) {
    float sum = rows[reach][x] * weights[reach];
    for (int k = 1; k <= reach; ++k) {
      const float pair = rows[reach - k][x] + rows[reach + k][x];
      sum = x < fused_end ? LENET_FUSED(pair, weights[reach + k], sum) : pair * weights[reach + k] + sum;
    }
    to[x] = sum;
  }
}

constexpr RowLoops loops{interpolate, combine, smooth_row, smooth_column};

}  // namespace LENET_ROWS

#undef LENET_ROWS
#undef LENET_TARGET
#undef LENET_FUSED
