#include "roles/infer/drawing/object_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace edge::infer {
namespace {

constexpr Colour black{0, 0, 0}, white{255, 255, 255};

/// Rounded, at least `least`.
std::int64_t part_of(std::int64_t side, std::int64_t of, std::int64_t least) {
  return std::max(least, (side + of / 2) / of);
}

/// As people see it, 0 to 255 (ITU-R BT.601).
int brightness(const Colour& colour) {
  return (299 * colour[0] + 587 * colour[1] + 114 * colour[2]) / 1000;
}

std::string caption(const detection::Detection& object, const Labels& labels) {
  const auto index = static_cast<std::size_t>(object.class_index);
  const std::string_view name = labels.name(index);
  // Rounded down: 1.00 is for what is certain.
  const double score = std::floor(static_cast<double>(object.score) * 100) / 100;
  return name.empty() ? fmt::format("{} {:.2f}", index, score) : fmt::format("{} {:.2f}", name, score);
}

void draw(Canvas& canvas, const detection::Detection& object, const Labels& labels) {
  const std::int64_t side = std::min(canvas.size().rows, canvas.size().columns);
  const std::int64_t width = part_of(side, 240, 2), scale = part_of(side, 270, 1);
  const Colour colour = colour_of(object.class_index);
  const auto pixel = [](float at) { return static_cast<std::int64_t>(std::lround(at)); };
  const std::int64_t top = pixel(object.box.top), left = pixel(object.box.left);
  canvas.outline(top, left, pixel(object.box.bottom), pixel(object.box.right), width, colour);

  const std::string text = caption(object, labels);
  const Extent2d letters = text_size(text, scale);
  const Extent2d plate{letters.rows + 2 * scale, letters.columns + 4 * scale};
  // On the box' upper edge, or below that at the picture's; within the picture as far as it fits.
  const std::int64_t y = top >= plate.rows ? top - plate.rows : std::max<std::int64_t>(top, 0);
  const std::int64_t x = std::max<std::int64_t>(std::min(left, canvas.size().columns - plate.columns), 0);
  canvas.fill(y, x, y + plate.rows, x + plate.columns, colour);
  canvas.text(y + scale, x + 2 * scale, text, scale, brightness(colour) > 120 ? black : white);
}

}  // namespace

Colour colour_of(int class_index) {
  // Hues a golden section apart never meet; at full saturation and brightness.
  constexpr double golden = 0.6180339887498949;
  const double hue = std::fmod(0.02 + golden * class_index, 1.0) * 6;
  Colour colour{};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const double distance = std::abs(std::fmod(hue - 2 * static_cast<double>(channel) + 9, 6.0) - 3);
    colour[channel] = static_cast<std::uint8_t>(std::lround(255 * std::clamp(2 - distance, 0.0, 1.0)));
  }
  return colour;
}

void draw_objects(Canvas& canvas, std::span<const detection::Detection> objects, const Labels& labels) {
  for (std::size_t i = objects.size(); i > 0; --i) draw(canvas, objects[i - 1], labels);
}

}  // namespace edge::infer
