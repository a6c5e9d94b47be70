// Reduction by area: each target pixel is the mean of the source pixels that it covers, in part or whole. The weights are
// OpenCV's, rounding for rounding.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace lenet {

// The weight of a source pixel in the mean that a target pixel is.
struct AreaWeight {
  int source, target;
  float weight;
};

// The weights of all target pixels along one side, by target, `scale` source pixels to each.
inline void list_area_weights(int source_size, int target_size, double scale, std::vector<AreaWeight>& weights) {
  weights.clear();
  for (int target = 0; target < target_size; ++target) {
    const double start = target * scale, end = start + scale, size = std::min(scale, source_size - start);
    int first = int(std::ceil(start)), last = std::min(int(std::floor(end)), source_size - 1);
    first = std::min(first, last);
    if (first - start > 1e-3) weights.push_back({first - 1, target, float((first - start) / size)});
    for (int source = first; source < last; ++source) weights.push_back({source, target, float(1.0 / size)});
    if (end - last > 1e-3) weights.push_back({last, target, float(std::min(std::min(end - last, 1.0), size) / size)});
  }
}

// Whether OpenCV takes a number of source pixels for a whole one.
inline bool is_whole(double scale) { return std::abs(scale - std::nearbyint(scale)) < 2.3e-16; }

}  // namespace lenet
