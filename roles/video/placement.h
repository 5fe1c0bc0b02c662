// How a picture of any size fills the frame that a network wants, and how points find their way back. Pure
// functions, no errors.
#pragma once

#include <cstdint>

#include "engine/operations.h"

namespace edge {

enum class Fit : std::uint8_t {
  stretch,    ///< to the frame's size, whatever becomes of the proportions
  letterbox,  ///< whole, in proportion, in the middle, between bars
  crop,       ///< in proportion, in the middle; what reaches over the frame is cut off
};

/// The picture is scaled to `scaled`, and its upper left corner then lies at row `top`, column `left` of the
/// frame (negative: cut off).
struct Placement {
  Extent2d picture;
  Extent2d scaled;
  std::int64_t top = 0, left = 0;

  /// From frame pixels to the picture's own.
  double picture_x(double frame_x) const;
  double picture_y(double frame_y) const;

  friend bool operator==(const Placement&, const Placement&) = default;
};

/// Sides are rounded to the nearest pixel (at least 1), margins down. Both extents at least 1x1.
Placement place(Fit fit, const Extent2d& picture, const Extent2d& frame);

}  // namespace edge
