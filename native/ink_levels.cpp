#include "ink_levels.h"

#include <algorithm>

namespace lenet {

void measure_darkness(const Channel& channel, bool is_first, float* darkness) {
  const uint8_t *const levels = channel.levels, *const nearby = channel.nearby;
  const uint8_t *const expected = channel.expected, *const minimum = channel.minimum;
  const float* const gain = channel.gain;
  constexpr size_t part = 1024;
  uint8_t paper[part];
  for (size_t start = 0; start < channel.count; start += part) {
    const size_t count = std::min(part, channel.count - start);
    for (size_t i = 0; i < count; ++i) {
      const size_t at = start + i;
      paper[i] = minimum ? std::min(expected[at], std::max(nearby[at], minimum[at])) : expected[at];
    }
    float* const to = darkness + start;
    for (size_t i = 0; i < count; ++i) {
      const float level = float(int(paper[i]) - int(levels[start + i])) * gain[start + i];
      to[i] = is_first || level > to[i] ? level : to[i];
    }
  }
}

void quantize_darkness(const float* darkness, size_t count, uint8_t* quantized, int64_t* counts) {
  constexpr float step = float(255 / 1.1);
  constexpr int tables = 4;  // so that equal levels side by side do not wait for one another
  int64_t counted[tables][256] = {};
  for (size_t i = 0; i < count; ++i) {
    const float level = (darkness[i] + 0.1f) * step;
    quantized[i] = uint8_t(int(std::min(std::max(level, 0.f), 255.f)));
  }
  for (size_t i = 0; i < count; ++i) ++counted[i % tables][quantized[i]];
  for (int level = 0; level < 256; ++level) {
    counts[level] = 0;
    for (const auto& table : counted) counts[level] += table[level];
  }
}

}  // namespace lenet
