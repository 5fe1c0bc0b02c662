#include "media/detector/targets.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "media/detector/network.h"

namespace edge::street {
namespace {

constexpr double found = 0.5, there = 0.2;  // shares of an object that can be seen
/// A heat that is no centre and whose focal loss is next to nothing.
constexpr float nothing_asked = 0.98F;
constexpr double least_sigma = 0.45;  // cells

}  // namespace

Targets::Targets(std::int64_t samples, std::int64_t rows, std::int64_t columns)
    : heat(Tensor::zeros({samples, classes, rows, columns})),
      boxes(Tensor::zeros({samples, 4, rows, columns})),
      weights(Tensor::zeros({samples, 4, rows, columns})) {}

void Targets::set(std::int64_t index, const Sample& sample) {
  const std::int64_t rows = heat.shape()[2], columns = heat.shape()[3], cells = rows * columns;
  float* const of_boxes = boxes.data() + index * 4 * cells;
  float* const of_weights = weights.data() + index * 4 * cells;
  float* const of_heat = heat.data() + index * classes * cells;
  std::fill_n(of_heat, classes * cells, 0.0F);
  std::fill_n(of_weights, 4 * cells, 0.0F);
  for (const TrueObject& object : sample.objects) {
    if (object.visible < there) continue;
    const double width = (object.right - object.left) / double{stride};
    const double height = (object.bottom - object.top) / double{stride};
    const double x = (object.left + object.right) / 2 / double{stride};
    const double y = (object.top + object.bottom) / 2 / double{stride};
    const auto centre_column = std::clamp<std::int64_t>(static_cast<std::int64_t>(x), 0, columns - 1);
    const auto centre_row = std::clamp<std::int64_t>(static_cast<std::int64_t>(y), 0, rows - 1);
    const double sigma_x = std::max(width * 0.54 / 6, least_sigma),
                 sigma_y = std::max(height * 0.54 / 6, least_sigma);
    const bool wanted = object.visible >= found;
    float* const heat_map = of_heat + object.class_index * cells;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t column = 0; column < columns; ++column) {
        const double dx = static_cast<double>(column - centre_column) / sigma_x;
        const double dy = static_cast<double>(row - centre_row) / sigma_y;
        if (dx * dx + dy * dy > 18) continue;
        const auto share = static_cast<float>(std::exp(-(dx * dx + dy * dy) / 2));
        const std::int64_t cell = row * columns + column;
        const bool centre = row == centre_row && column == centre_column;
        if (!wanted) {
          heat_map[cell] = std::max(heat_map[cell], share > 0.3F ? nothing_asked : share);
          continue;
        }
        heat_map[cell] = std::max(heat_map[cell], centre ? 1.0F : std::min(share, nothing_asked));
        // The nearest centre decides, the later (nearer) object of two.
        if (share < of_weights[cell] || share < 0.05F) continue;
        const std::array<double, 4> values = {x - static_cast<double>(column) - 0.5,
                                              y - static_cast<double>(row) - 0.5, std::log(width),
                                              std::log(height)};
        for (std::int64_t i = 0; i < 4; ++i) {
          of_boxes[i * cells + cell] = static_cast<float>(values[static_cast<std::size_t>(i)]);
          of_weights[i * cells + cell] = share;
        }
      }
    }
  }
}

}  // namespace edge::street
