// A rectangle of positions of a feature map. Pure data.
#pragma once

#include <cstdint>

namespace edge::kernels {

/// Rows first_row .. first_row + rows - 1, columns alike.
struct Area {
  std::int64_t first_row, rows;
  std::int64_t first_column, columns;
  friend bool operator==(const Area&, const Area&) = default;
};

}  // namespace edge::kernels
