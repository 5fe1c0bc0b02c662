#include "roles/detection/decoders/default_boxes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace edge::detection {
namespace {

constexpr std::size_t grids = 6;

struct Pair {
  double width, height;  ///< shares of the frame
};

/// A square of the grid's scale, one between that and the next grid's, then each ratio lying and standing;
/// clipped to the frame's size.
std::vector<Pair> sizes_of(double scale, double next_scale, std::span<const double> ratios) {
  const double between = std::sqrt(scale * next_scale);
  std::vector<Pair> sizes{{scale, scale}, {between, between}};
  for (const double ratio : ratios) {
    const double root = std::sqrt(ratio);
    sizes.push_back({scale * root, scale / root});
    sizes.push_back({scale / root, scale * root});
  }
  for (auto& [width, height] : sizes) {
    width = std::clamp(width, 0.0, 1.0);
    height = std::clamp(height, 0.0, 1.0);
  }
  return sizes;
}

/// `cells` in a row and in a column of the whole frame: not the grid's own if it has a step.
void add_grid(std::vector<DefaultBox>& boxes, const Extent2d& frame, const Extent2d& grid,
              double cells_in_row, double cells_in_column, const std::vector<Pair>& sizes) {
  const auto rows = static_cast<double>(frame.rows), columns = static_cast<double>(frame.columns);
  for (std::int64_t row = 0; row < grid.rows; ++row) {
    for (std::int64_t column = 0; column < grid.columns; ++column) {
      for (const auto& [width, height] : sizes) {
        boxes.push_back(
            {.x = static_cast<float>((static_cast<double>(column) + 0.5) / cells_in_row * columns),
             .y = static_cast<float>((static_cast<double>(row) + 0.5) / cells_in_column * rows),
             .width = static_cast<float>(width * columns),
             .height = static_cast<float>(height * rows)});
      }
    }
  }
}

std::int64_t half(std::int64_t side) {
  return (side + 1) / 2;
}
Extent2d half(const Extent2d& grid) {
  return {half(grid.rows), half(grid.columns)};
}

}  // namespace

std::vector<DefaultBox> ssdlite_boxes(const Extent2d& frame) {
  constexpr double least = 0.2, most = 0.95;
  constexpr std::array ratios{2.0, 3.0};
  std::vector<DefaultBox> boxes;
  Extent2d grid{(frame.rows + 15) / 16, (frame.columns + 15) / 16};
  for (std::size_t i = 0; i < grids; ++i) {
    const auto scale = [&](std::size_t of) {
      return of == grids ? 1.0 : least + (most - least) * static_cast<double>(of) / (grids - 1);
    };
    add_grid(boxes, frame, grid, static_cast<double>(grid.columns), static_cast<double>(grid.rows),
             sizes_of(scale(i), scale(i + 1), ratios));
    grid = half(grid);
  }
  return boxes;
}

std::vector<DefaultBox> ssd300_boxes(const Extent2d& frame) {
  constexpr std::array<double, grids + 1> scales{0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05};
  constexpr std::array<double, grids> steps{8, 16, 32, 64, 100, 300};
  constexpr std::array ratios{2.0, 3.0};
  constexpr std::array<std::size_t, grids> ratio_counts{1, 2, 2, 2, 1, 1};
  // Two poolings that round down, one that rounds up (conv4_3), one that rounds down; two convolutions of
  // stride 2 with padding, two 3x3 ones without.
  const Extent2d conv4 = half(Extent2d{frame.rows / 2 / 2, frame.columns / 2 / 2});
  std::array<Extent2d, grids> sizes{};
  sizes[0] = conv4;
  sizes[1] = {conv4.rows / 2, conv4.columns / 2};
  sizes[2] = half(sizes[1]);
  sizes[3] = half(sizes[2]);
  sizes[4] = {sizes[3].rows - 2, sizes[3].columns - 2};
  sizes[5] = {sizes[4].rows - 2, sizes[4].columns - 2};
  if (sizes[5].rows < 1 || sizes[5].columns < 1) return {};
  std::vector<DefaultBox> boxes;
  for (std::size_t i = 0; i < grids; ++i) {
    const auto cells = [&](std::int64_t side) { return static_cast<double>(side) / steps[i]; };
    add_grid(boxes, frame, sizes[i], cells(frame.columns), cells(frame.rows),
             sizes_of(scales[i], scales[i + 1], std::span(ratios).first(ratio_counts[i])));
  }
  return boxes;
}

}  // namespace edge::detection
