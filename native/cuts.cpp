#include "cuts.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "normalization.h"

namespace lenet {

namespace {

using Profile = std::vector<float>;  // a value for each column
using Columns = std::vector<int>;

// Twice the area over the length of the outline.
double stroke_width_of(const InkMask& mask) {
  int64_t area = 0, inner = 0;
  for (int y = 0; y < mask.height; ++y) {
    const bool is_edge = y == 0 || y == mask.height - 1;
    for (int x = 0; x < mask.width; ++x) {
      if (!mask.at(y, x)) continue;
      ++area;
      if (is_edge || x == 0 || x == mask.width - 1) continue;
      bool is_inner = true;
      for (int dy = -1; dy <= 1; ++dy)
        is_inner = is_inner && mask.at(y + dy, x - 1) && mask.at(y + dy, x) && mask.at(y + dy, x + 1);
      inner += is_inner;
    }
  }
  return 2.0 * double(area) / double(std::max<int64_t>(area - inner, 1));
}

Profile smoothed(const Columns& values, double sigma) {
  Profile profile(values.begin(), values.end()), smooth(values.size());
  smooth_profile(profile.data(), int(profile.size()), std::max(0.5, sigma), smooth.data());
  return smooth;
}

// The minimum or maximum of each column and those up to `radius` to either side.
template <class Extremum>
Profile sliding_extremum(const Profile& values, int radius, Extremum extremum) {
  const int count = int(values.size());
  Profile extrema(values.size());
  for (int x = 0; x < count; ++x) {
    float value = values[size_t(x)];
    for (int k = std::max(0, x - radius); k <= std::min(count - 1, x + radius); ++k)
      value = extremum(value, values[size_t(k)]);
    extrema[size_t(x)] = value;
  }
  return extrema;
}

float minimum(float a, float b) { return std::min(a, b); }
float maximum(float a, float b) { return std::max(a, b); }

// Ink, and its highest and lowest row in each column: the height, and -1, where there is none.
struct Outlines {
  Columns ink, top, bottom;
  explicit Outlines(const InkMask& mask)
      : ink(size_t(mask.width), 0), top(size_t(mask.width), mask.height), bottom(size_t(mask.width), -1) {
    for (int y = 0; y < mask.height; ++y) {
      for (int x = 0; x < mask.width; ++x) {
        if (!mask.at(y, x)) continue;
        ++ink[size_t(x)];
        top[size_t(x)] = std::min(top[size_t(x)], y);
        bottom[size_t(x)] = y;
      }
    }
  }
};

// Columns where an outline is deepest among those near, and how much deeper than the shallower side.
std::vector<std::pair<int, float>> notches(const Profile& depth, int radius) {
  const Profile deepest = sliding_extremum(depth, radius, maximum);
  std::vector<std::pair<int, float>> found;
  const int count = int(depth.size());
  const auto min_depth_between = [&](int first, int end) {
    return *std::min_element(depth.begin() + first, depth.begin() + end);
  };
  for (int x = 1; x < count - 1; ++x) {
    if (depth[size_t(x)] != deepest[size_t(x)]) continue;
    const float before = min_depth_between(std::max(0, x - 3 * radius), x);
    const float after = min_depth_between(x + 1, std::min(count, x + 1 + 3 * radius));
    found.emplace_back(x, depth[size_t(x)] - std::max(before, after));
  }
  return found;
}

void add_notch_cuts(const InkMask& mask, double digit_height, double stroke, std::vector<Cut>& cuts) {
  const Outlines outlines(mask);
  Columns depth_below(outlines.bottom.size());
  for (size_t x = 0; x < depth_below.size(); ++x) depth_below[x] = mask.height - 1 - outlines.bottom[x];
  const double sigma = 0.03 * digit_height, min_depth = 0.08 * digit_height;
  const int radius = int(0.15 * digit_height) + 1;
  const auto upper = notches(smoothed(outlines.top, sigma), radius);
  const auto below = notches(smoothed(depth_below, sigma), radius);
  for (const auto& [x, depth_x] : upper) {
    for (const auto& [z, depth_z] : below) {
      const int y = outlines.top[size_t(x)], end = outlines.bottom[size_t(z)];
      if (std::abs(x - z) > 0.35 * digit_height || std::min(depth_x, depth_z) < min_depth || y >= end) continue;
      const double slope = double(z - x) / double(end - y);
      if (!(std::abs(slope) < 1.2)) continue;
      int crossed = 0;
      for (int v = y; v <= end; ++v) crossed += mask.at(v, int(std::nearbyint(x + slope * (v - y))));
      cuts.emplace_back(0.4 * crossed / stroke, x - slope * y, x + slope * (mask.height - 1 - y));
    }
  }
}

// The columns midway between neighboring enclosed holes that do not stand over one another.
Columns hole_midpoints(const InkMask& mask, double digit_height) {
  const int stride = mask.width + 2;
  std::vector<uint8_t> paper(size_t(stride) * size_t(mask.height + 2), 1);  // in a border of paper, which is outside
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x) paper[size_t((y + 1) * stride + x + 1)] = !mask.at(y, x);
  const double min_area = 2 * (0.06 * digit_height * (0.06 * digit_height));
  std::vector<std::pair<int, int>> holes;  // the first column, and the one behind the last
  std::vector<int> stack;
  for (int start = 0; start < int(paper.size()); ++start) {
    if (!paper[size_t(start)]) continue;
    int area = 0, left = stride, right = -1;
    paper[size_t(start)] = 0;
    stack.push_back(start);
    while (!stack.empty()) {
      const int pixel = stack.back(), x = pixel % stride;
      stack.pop_back();
      ++area;
      left = std::min(left, x);
      right = std::max(right, x);
      const auto visit = [&](int next) {
        if (next < 0 || next >= int(paper.size()) || !paper[size_t(next)]) return;
        paper[size_t(next)] = 0;
        stack.push_back(next);
      };
      visit(pixel - stride);
      visit(pixel + stride);
      if (x > 0) visit(pixel - 1);
      if (x < stride - 1) visit(pixel + 1);
    }
    if (start > 0 && area > min_area) holes.emplace_back(left - 1, right);
  }
  std::sort(holes.begin(), holes.end());
  Columns midpoints;
  for (size_t k = 1; k < holes.size(); ++k)
    if (holes[k].first > holes[k - 1].second - 2) midpoints.push_back((holes[k - 1].second + holes[k].first) / 2);
  return midpoints;
}

// Columns with little ink, of small extent, or between two holes, each with its cost.
std::vector<std::pair<double, int>> upright_cuts(const InkMask& mask, double digit_height, double stroke) {
  const int radius = int(0.08 * digit_height) + 1;
  const Outlines outlines(mask);
  Columns extents(outlines.ink.size());
  for (size_t x = 0; x < extents.size(); ++x) extents[x] = std::max(0, outlines.bottom[x] - outlines.top[x] + 1);
  const Profile ink = smoothed(outlines.ink, 0.2 * stroke), extent = smoothed(extents, 0.2 * stroke);
  const Profile min_ink = sliding_extremum(ink, radius, minimum), min_extent = sliding_extremum(extent, radius, minimum);
  const Profile max_extent = sliding_extremum(extent, 3 * radius, maximum);
  const auto strokes_crossed = [&](int x) { return double(0.5f * ink[size_t(x)] / float(stroke)); };
  std::vector<std::pair<double, int>> cuts;
  for (const int x : hole_midpoints(mask, digit_height)) cuts.emplace_back(0.5 * strokes_crossed(x) - 0.5, x);
  for (int x = 0; x < mask.width; ++x) {
    const size_t at = size_t(x);
    if (ink[at] == min_ink[at] && ink[at] < float(2.6 * stroke)) cuts.emplace_back(strokes_crossed(x), x);
    if (extent[at] == min_extent[at] && extent[at] < 0.9f * max_extent[at])
      cuts.emplace_back(1.2 * double(extent[at]) / digit_height, x);
  }
  return cuts;
}

}  // namespace

std::vector<Cut> propose_cuts(const InkMask& mask, double digit_height, const std::vector<double>& slants) {
  const double stroke = stroke_width_of(mask);
  std::vector<Cut> cuts;
  add_notch_cuts(mask, digit_height, stroke, cuts);
  std::vector<uint8_t> sheared;
  for (const double slant : slants) {
    const double last = slant * (mask.height - 1), offset = std::min(0.0, last);
    InkMask upright = mask;
    if (slant != 0) {
      const auto shift = [&](int y) { return int(std::nearbyint(slant * y - offset)); };
      const int width = mask.width + std::max(shift(0), shift(mask.height - 1));
      sheared.assign(size_t(width) * size_t(mask.height), 0);
      for (int y = 0; y < mask.height; ++y)
        std::copy_n(mask.pixels + y * mask.row, mask.width, sheared.data() + size_t(y) * size_t(width) + shift(y));
      upright = {sheared.data(), mask.height, width, width};
    }
    for (const auto& [cost, column] : upright_cuts(upright, digit_height, stroke))
      cuts.emplace_back(cost, column + offset, column + offset - last);
  }
  return cuts;
}

}  // namespace lenet
