// What frames a network wants of pictures of any size. Plain data and pure functions, no errors.
#pragma once

#include <array>
#include <cstdint>

#include "roles/video/placement.h"
#include "roles/video/planar_frame.h"

namespace edge {

enum class ChannelOrder : std::uint8_t { rgb, bgr };

struct Framing {
  Fit fit = Fit::stretch;
  std::array<std::uint8_t, 3> pad = {0, 0, 0};  ///< colour of the bars: red, green, blue
  ChannelOrder channels = ChannelOrder::rgb;    ///< of the frame's planes
  friend bool operator==(const Framing&, const Framing&) = default;
};

/// The part of a scaled picture that lies within the frame.
struct VisiblePart {
  Extent2d size;
  Extent2d in_picture;  ///< its first row and column in the scaled picture
  Extent2d in_frame;    ///< and in the frame
};
VisiblePart visible_part(const Placement& placement, const Extent2d& frame);

/// Where a picture lies that has the frame's size already.
Placement whole_frame(const Extent2d& frame);

/// Which of a frame's planes holds red, green, blue.
std::array<std::size_t, 3> plane_order(ChannelOrder channels);

/// Turns planes of red, green, blue into those of `channels`, in place.
void order_planes(ChannelOrder channels, const PlanarFrame& frame, const Extent2d& size);

/// Fills what `part` leaves free of a frame of `size`.
void draw_bars(const Framing& framing, const VisiblePart& part, const PlanarFrame& frame,
               const Extent2d& size);

}  // namespace edge
