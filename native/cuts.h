// Where touching digits may be cut: `lenet.reading.lines.cuts` says what each kind of cut is, and its OpenCV form is the
// reference, which this one follows rounding for rounding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

namespace lenet {

// Ink, 0 or 1, with the distance from one row to the next.
struct InkMask {
  const uint8_t* pixels;
  int height, width;
  ptrdiff_t row;
  bool at(int y, int x) const { return pixels[y * row + x] != 0; }
};

using Cut = std::tuple<double, double, double>;  // its cost, and its columns at the top row and at the bottom row

// Cuts from notch to notch, and for each of some slants those along it, in no order.
std::vector<Cut> propose_cuts(const InkMask& mask, double digit_height, const std::vector<double>& slants);

}  // namespace lenet
