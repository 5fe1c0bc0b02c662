#include "roles/drawing/canvas.h"

#include <algorithm>
#include <cmath>

#include "roles/drawing/bitmap_font.h"

namespace edge::drawing {
namespace {

constexpr std::int64_t advance = glyph_columns + 1;

/// Each code point as one character: its first byte, if it is ASCII.
std::vector<char32_t> characters_of(std::string_view line) {
  std::vector<char32_t> characters;
  for (const char byte : line) {
    const auto value = static_cast<unsigned char>(byte);
    if ((value & 0xC0U) != 0x80) characters.push_back(value);
  }
  return characters;
}

std::uint8_t octet(float value) {
  return static_cast<std::uint8_t>(std::lround(255 * (value > 0 ? std::min(value, 1.0F) : 0.0F)));
}

}  // namespace

Canvas::Canvas(const Extent2d& size)
    : size_(size), pixels_(static_cast<std::size_t>(3 * size.rows * size.columns)) {}

Canvas::Canvas(const Array& frame, const std::array<std::size_t, 3>& planes)
    : Canvas(Extent2d{frame.shape()[2], frame.shape()[3]}) {
  const std::size_t count = pixels_.size() / 3;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const std::size_t first = planes[channel] * count;
    for (std::size_t i = 0; i < count; ++i) {
      pixels_[3 * i + channel] =
          frame.type() == ElementType::u8 ? frame.octets()[first + i] : octet(frame.values()[first + i]);
    }
  }
}

Colour Canvas::at(std::int64_t row, std::int64_t column) const {
  const std::uint8_t* const pixel =
      pixels_.data() + 3 * static_cast<std::size_t>(row * size_.columns + column);
  return {pixel[0], pixel[1], pixel[2]};
}

void Canvas::fill(std::int64_t top, std::int64_t left, std::int64_t bottom, std::int64_t right,
                  const Colour& colour) {
  left = std::max<std::int64_t>(left, 0);
  right = std::min(right, size_.columns);
  for (std::int64_t row = std::max<std::int64_t>(top, 0); row < std::min(bottom, size_.rows); ++row) {
    for (std::int64_t column = left; column < right; ++column) {
      std::copy(colour.begin(), colour.end(),
                pixels_.begin() + static_cast<std::ptrdiff_t>(3 * (row * size_.columns + column)));
    }
  }
}

void Canvas::outline(std::int64_t top, std::int64_t left, std::int64_t bottom, std::int64_t right,
                     std::int64_t width, const Colour& colour) {
  fill(top, left, std::min(top + width, bottom), right, colour);
  fill(std::max(bottom - width, top), left, bottom, right, colour);
  fill(top, left, bottom, std::min(left + width, right), colour);
  fill(top, std::max(right - width, left), bottom, right, colour);
}

void Canvas::text(std::int64_t top, std::int64_t left, std::string_view line, std::int64_t scale,
                  const Colour& colour) {
  for (const char32_t character : characters_of(line)) {
    for (int row = 0; row < glyph_rows; ++row) {
      for (int column = 0; column < glyph_columns; ++column) {
        if (!glyph_has(character, row, column)) continue;
        const std::int64_t y = top + row * scale, x = left + column * scale;
        fill(y, x, y + scale, x + scale, colour);
      }
    }
    left += advance * scale;
  }
}

Extent2d text_size(std::string_view line, std::int64_t scale) {
  const auto count = static_cast<std::int64_t>(characters_of(line).size());
  return {glyph_rows * scale, std::max<std::int64_t>(advance * count - 1, 0) * scale};
}

}  // namespace edge::drawing
