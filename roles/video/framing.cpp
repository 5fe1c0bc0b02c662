#include "roles/video/framing.h"

#include <algorithm>
#include <cstddef>

namespace edge {

VisiblePart visible_part(const Placement& placement, const Extent2d& frame) {
  const auto along = [](std::int64_t first, std::int64_t scaled, std::int64_t side) {
    const std::int64_t begin = std::max<std::int64_t>(first, 0), end = std::min(first + scaled, side);
    return std::array{end - begin, begin - first, begin};
  };
  const auto rows = along(placement.top, placement.scaled.rows, frame.rows);
  const auto columns = along(placement.left, placement.scaled.columns, frame.columns);
  return {
      .size = {rows[0], columns[0]}, .in_picture = {rows[1], columns[1]}, .in_frame = {rows[2], columns[2]}};
}

Placement whole_frame(const Extent2d& frame) {
  return place(Fit::stretch, frame, frame);
}

std::array<std::size_t, 3> plane_order(ChannelOrder channels) {
  return channels == ChannelOrder::rgb ? std::array<std::size_t, 3>{0, 1, 2}
                                       : std::array<std::size_t, 3>{2, 1, 0};
}

void order_planes(ChannelOrder channels, const PlanarFrame& frame, const Extent2d& size) {
  if (channels == ChannelOrder::rgb) return;
  const auto pixels = static_cast<std::size_t>(size.rows * size.columns);
  std::swap_ranges(frame.planes, frame.planes + pixels, frame.planes + 2 * pixels);
}

void draw_bars(const Framing& framing, const VisiblePart& part, const PlanarFrame& frame,
               const Extent2d& size) {
  const std::array<std::size_t, 3> planes = plane_order(framing.channels);
  const std::int64_t right = part.in_frame.columns + part.size.columns;
  for (std::size_t channel = 0; channel < planes.size(); ++channel) {
    std::uint8_t* row = frame.planes + static_cast<std::size_t>(size.rows * size.columns) * planes[channel];
    const std::uint8_t value = framing.pad[channel];
    for (std::int64_t i = 0; i < size.rows; ++i, row += size.columns) {
      const bool bar = i < part.in_frame.rows || i >= part.in_frame.rows + part.size.rows;
      std::fill(row, row + (bar ? size.columns : part.in_frame.columns), value);
      if (!bar) std::fill(row + right, row + size.columns, value);
    }
  }
}

}  // namespace edge
