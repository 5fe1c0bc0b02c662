// A picture that can be drawn on: 8-bit RGB, interleaved. What reaches over its edges is cut off. No errors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/array.h"
#include "engine/operations.h"

namespace edge::drawing {

using Colour = std::array<std::uint8_t, 3>;  ///< red, green, blue

class Canvas {
 public:
  explicit Canvas(const Extent2d& size);
  /// From a frame, 1x3xHxW, u8 or f32 in [0, 1]; `planes`: which of its planes holds red, green, blue.
  Canvas(const Array& frame, const std::array<std::size_t, 3>& planes);

  const Extent2d& size() const { return size_; }
  const std::vector<std::uint8_t>& pixels() const { return pixels_; }
  Colour at(std::int64_t row, std::int64_t column) const;

  /// Rows [top, bottom), columns [left, right).
  void fill(std::int64_t top, std::int64_t left, std::int64_t bottom, std::int64_t right,
            const Colour& colour);
  /// Of the same rectangle, `width` pixels to the inside.
  void outline(std::int64_t top, std::int64_t left, std::int64_t bottom, std::int64_t right,
               std::int64_t width, const Colour& colour);
  /// One line of UTF-8, dots of scale x scale pixels; `top`, `left`: of its upper left corner.
  void text(std::int64_t top, std::int64_t left, std::string_view line, std::int64_t scale,
            const Colour& colour);

 private:
  Extent2d size_;
  std::vector<std::uint8_t> pixels_;
};

/// Of a line of text, pixels.
Extent2d text_size(std::string_view line, std::int64_t scale);

}  // namespace edge::drawing
