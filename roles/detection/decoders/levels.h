// The grids of cells that detectors lay over a frame: one level per stride, finest first, cells row by row.
// Internal to roles/detection. Pure functions, no errors.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/operations.h"

namespace edge::detection {

struct Level {
  float stride = 0;  ///< pixels per cell
  std::int64_t rows = 0, columns = 0;
  std::int64_t first = 0;  ///< number of its first cell, counted over all levels

  std::int64_t cells() const { return rows * columns; }
};

/// Cells at a frame's edge may be partly outside: padded convolutions round up.
inline std::vector<Level> levels_of(const Extent2d& frame, std::span<const std::int64_t> strides) {
  std::vector<Level> levels;
  std::int64_t first = 0;
  for (const std::int64_t stride : strides) {
    levels.push_back({.stride = static_cast<float>(stride),
                      .rows = (frame.rows + stride - 1) / stride,
                      .columns = (frame.columns + stride - 1) / stride,
                      .first = first});
    first += levels.back().cells();
  }
  return levels;
}

/// Of all levels together.
inline std::int64_t cells_of(std::span<const Level> levels) {
  return levels.empty() ? 0 : levels.back().first + levels.back().cells();
}

}  // namespace edge::detection
