#include "roles/video/placement.h"

#include <algorithm>
#include <cmath>

namespace edge {
namespace {

std::int64_t scaled_side(std::int64_t side, double scale) {
  return std::max<std::int64_t>(1, std::llround(static_cast<double>(side) * scale));
}

/// Half of the room, rounded down also when it is negative.
std::int64_t margin(std::int64_t room) {
  return room >= 0 ? room / 2 : (room - 1) / 2;
}

}  // namespace

double Placement::picture_x(double frame_x) const {
  return (frame_x - static_cast<double>(left)) * static_cast<double>(picture.columns) /
         static_cast<double>(scaled.columns);
}

double Placement::picture_y(double frame_y) const {
  return (frame_y - static_cast<double>(top)) * static_cast<double>(picture.rows) /
         static_cast<double>(scaled.rows);
}

Placement place(Fit fit, const Extent2d& picture, const Extent2d& frame) {
  if (fit == Fit::stretch) return {.picture = picture, .scaled = frame};
  const double by_rows = static_cast<double>(frame.rows) / static_cast<double>(picture.rows);
  const double by_columns = static_cast<double>(frame.columns) / static_cast<double>(picture.columns);
  const double scale = fit == Fit::letterbox ? std::min(by_rows, by_columns) : std::max(by_rows, by_columns);
  const Extent2d scaled{scaled_side(picture.rows, scale), scaled_side(picture.columns, scale)};
  return {.picture = picture,
          .scaled = scaled,
          .top = margin(frame.rows - scaled.rows),
          .left = margin(frame.columns - scaled.columns)};
}

}  // namespace edge
