// Loops over the pixels of an ink map that OpenCV and NumPy need several passes for, rounding for rounding as these:
// `lenet.reading.foreground.ink` says what each is for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lenet {

// One channel of a picture, each of so many pixels.
struct Channel {
  size_t count;
  const uint8_t *levels, *nearby;     // and those with the strokes closed, where light changes abruptly
  const uint8_t *expected, *minimum;  // the light of the paper, and its local minimum, or null
  const float* gain;
};

// How much darker each pixel is than paper, by its gain. `darkness` becomes that, or the maximum of it and what it was.
void measure_darkness(const Channel& channel, bool is_first, float* darkness);

// Darkness from -0.1 to 1 as one of 256 levels, and how many pixels have each.
void quantize_darkness(const float* darkness, size_t count, uint8_t* quantized, int64_t* counts);

}  // namespace lenet
