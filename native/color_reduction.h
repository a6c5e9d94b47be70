// Reduction of a picture's colors by area, as OpenCV does it, rounding for rounding: both sides halved some times, each of
// the means rounded, then to the final size. Only the source is read and the target written: all between is a few rows.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lenet {

struct Colors {
  const uint8_t* pixels;  // RGB
  int height, width;      // multiples of 2 to the power of the halvings
  ptrdiff_t row;          // bytes from one row to the next
};

// False, and nothing written, if the sides are not larger than the target's after the halvings, or whole multiples: for
// these OpenCV has other ways.
bool reduce_colors(const Colors& colors, int halvings, int rows, int columns, uint8_t* target);

}  // namespace lenet
