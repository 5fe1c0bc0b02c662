// Frames as the sources hand them out: 1x3xHxW 8-bit elements, planar RGB. Functions are thread-safe, no
// errors.
#pragma once

#include <cstdint>

#include "engine/array.h"

namespace edge {

/// A frame under construction: fill `planes` (R, then G, then B, rows x columns each), then hand out
/// `array`.
struct PlanarFrame {
  PlanarFrame(std::int64_t rows, std::int64_t columns);  ///< pixels are uninitialised

  std::uint8_t* planes;
  Array array;
};

/// From interleaved RGB24: planes in the order of the bytes.
PlanarFrame planar_from_rgb24(const std::uint8_t* rgb, std::int64_t rows, std::int64_t columns);
Array frame_from_rgb24(const std::uint8_t* rgb, std::int64_t rows, std::int64_t columns);

}  // namespace edge
