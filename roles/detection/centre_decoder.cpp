#include "roles/detection/centre_decoder.h"

#include <algorithm>
#include <cmath>

#include "roles/detection/decoders/candidates.h"

namespace edge::detection {
namespace {

/// Of log width and log height: exp of more would be larger than any picture.
constexpr float largest_log = 10;

/// In cells. A NaN stays one.
float size(float logarithm) {
  return std::exp(logarithm > largest_log ? largest_log : logarithm);
}

}  // namespace

std::vector<Detection> decode_centres(const CentreGrid& grid, const float* planes, float threshold) {
  Candidates candidates(threshold);
  const std::int64_t cells = grid.rows * grid.columns;
  const float* const box = planes + grid.classes * cells;
  for (int index = 0; index < grid.classes; ++index) {
    for (std::int64_t cell = 0; cell < cells; ++cell) {
      const float heat = planes[index * cells + cell];
      const float score = sigmoid(heat);
      if (!candidates.wants(score) || !std::isfinite(heat)) continue;
      const std::int64_t row = cell / grid.columns;
      const float x = (static_cast<float>(cell % grid.columns) + 0.5F + box[cell]) * grid.stride;
      const float y = (static_cast<float>(row) + 0.5F + box[cells + cell]) * grid.stride;
      const float width = size(box[2 * cells + cell]), height = size(box[3 * cells + cell]);
      candidates.add(index, score, centred_box(x, y, width * grid.stride, height * grid.stride));
    }
  }
  return candidates.take();
}

}  // namespace edge::detection
