#include "roles/detection/centre_decoder.h"

#include <algorithm>
#include <cmath>

namespace edge::detection {
namespace {

/// Of log width and log height: exp of more would be larger than any picture.
constexpr float largest_log = 10;

}  // namespace

std::vector<Detection> decode_centres(const CentreGrid& grid, const float* planes, float threshold) {
  std::vector<Detection> found;
  const std::int64_t cells = grid.rows * grid.columns;
  const float* const box = planes + grid.classes * cells;
  for (int index = 0; index < grid.classes; ++index) {
    for (std::int64_t cell = 0; cell < cells; ++cell) {
      const float score = 1 / (1 + std::exp(-planes[index * cells + cell]));
      if (!(score >= threshold)) continue;
      const float x = (static_cast<float>(cell % grid.columns) + 0.5F + box[cell]) * grid.stride;
      const float y = (static_cast<float>(cell / grid.columns) + 0.5F + box[cells + cell]) * grid.stride;
      const float half_width = std::exp(std::min(box[2 * cells + cell], largest_log)) * grid.stride / 2;
      const float half_height = std::exp(std::min(box[3 * cells + cell], largest_log)) * grid.stride / 2;
      found.push_back({.class_index = index,
                       .score = score,
                       .box = {.left = x - half_width,
                               .top = y - half_height,
                               .right = x + half_width,
                               .bottom = y + half_height}});
    }
  }
  return found;
}

}  // namespace edge::detection
