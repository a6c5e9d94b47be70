// The loops over rows of `color_reduction.cpp`, which includes this file once for each set of instructions: LENET_ROWS
// names the namespace, LENET_TARGET selects the instructions. No include guard.

namespace LENET_ROWS {

// Of two rows of pixels the means of two by two; to pixels of three bytes, or to pixels of four floats.
LENET_TARGET void halve(const uint8_t* upper, const uint8_t* lower, int width, uint16_t* sums, uint8_t* bytes,
                        Pixel* pixels) {
  for (int i = 0; i < 3 * width; ++i) sums[i] = uint16_t(upper[i] + lower[i]);
  for (int x = 0; x < width / 2; ++x) {
    Words left, right;
    __builtin_memcpy(&left, sums + 6 * x, sizeof left);
    __builtin_memcpy(&right, sums + 6 * x + 3, sizeof right);
    const Words mean = (left + right + 2) >> 2;
    if (pixels)
      pixels[x] = __builtin_convertvector(__builtin_convertvector(mean, Numbers), Pixel);
    else
      store(__builtin_convertvector(mean, Bytes), bytes + 3 * x, x + 1 < width / 2);
  }
}

LENET_TARGET void widen(const uint8_t* bytes, int width, Pixel* pixels) {
  for (int x = 0; x < width; ++x) {
    Bytes levels{};
    __builtin_memcpy(&levels, bytes + 3 * x, x + 1 < width ? 4 : 3);
    pixels[x] = __builtin_convertvector(__builtin_convertvector(levels, Numbers), Pixel);
  }
}

// A row reduced to `columns` pixels, each of which covers at most so many source pixels from its first one on.
LENET_TARGET void reduce_row(const Pixel* pixels, const int* firsts, const float* weights, int covered, int columns,
                             Pixel* to) {
  if (covered == 3) {
    for (int x = 0; x < columns; ++x) {
      const Pixel* const at = pixels + firsts[x];
      const float* const weight = weights + 3 * x;
      to[x] = at[0] * weight[0] + at[1] * weight[1] + at[2] * weight[2];
    }
    return;
  }
  for (int x = 0; x < columns; ++x) {
    const Pixel* const at = pixels + firsts[x];
    const float* const weight = weights + covered * x;
    Pixel sum = at[0] * weight[0];
    for (int k = 1; k < covered; ++k) sum += at[k] * weight[k];
    to[x] = sum;
  }
}

LENET_TARGET void add_row(const Pixel* row, float weight, bool is_first, int columns, Pixel* sums) {
  for (int x = 0; x < columns; ++x) sums[x] = is_first ? row[x] * weight : sums[x] + row[x] * weight;
}

// Half to even, as a float of so many bits has no fractions.
LENET_TARGET void round_row(const Pixel* sums, int columns, uint8_t* to) {
  constexpr float whole = 1 << 23;
  for (int x = 0; x < columns; ++x) {
    const Numbers levels = __builtin_convertvector((sums[x] + whole) - whole, Numbers);
    store(__builtin_convertvector(levels, Bytes), to + 3 * x, x + 1 < columns);
  }
}

constexpr RowLoops loops{halve, widen, reduce_row, add_row, round_row};

}  // namespace LENET_ROWS

#undef LENET_ROWS
#undef LENET_TARGET
