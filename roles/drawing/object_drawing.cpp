#include "roles/drawing/object_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace edge::drawing {
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
  return name.empty() ? fmt::format("{} {:.2f}", index, object.score)
                      : fmt::format("{} {:.2f}", name, object.score);
}

std::int64_t pixel(float at) {
  return static_cast<std::int64_t>(std::lround(at));
}

/// What a caption is written on.
struct Plate {
  std::int64_t top = 0, left = 0, bottom = 0, right = 0;

  bool overlaps(const Plate& other) const {
    return top < other.bottom && other.top < bottom && left < other.right && other.left < right;
  }
};

/// On the box' upper edge, or where it covers no other one: within the box, below it. Within the picture as
/// far as it fits.
Plate place_plate(const detection::Box& box, const Extent2d& plate, const Extent2d& picture,
                  std::span<const Plate> others) {
  const std::int64_t top = pixel(box.top), bottom = pixel(box.bottom);
  const std::int64_t left =
      std::max<std::int64_t>(std::min(pixel(box.left), picture.columns - plate.columns), 0);
  std::optional<Plate> first;
  for (const std::int64_t y : {top - plate.rows, top, bottom - plate.rows, bottom, top - 2 * plate.rows}) {
    if (y < 0 || y + plate.rows > picture.rows) continue;
    const Plate here{.top = y, .left = left, .bottom = y + plate.rows, .right = left + plate.columns};
    const bool covers =
        std::any_of(others.begin(), others.end(), [&](const Plate& other) { return here.overlaps(other); });
    if (!covers) return here;
    if (!first) first = here;
  }
  return first.value_or(Plate{.top = 0, .left = left, .bottom = plate.rows, .right = left + plate.columns});
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
  const std::int64_t side = std::min(canvas.size().rows, canvas.size().columns);
  const std::int64_t width = part_of(side, 240, 2), scale = part_of(side, 270, 1);
  std::vector<Plate> plates;
  std::vector<std::string> captions;
  for (const detection::Detection& object : objects) {
    captions.push_back(caption(object, labels));
    const Extent2d letters = text_size(captions.back(), scale);
    plates.push_back(place_plate(object.box, {letters.rows + 2 * scale, letters.columns + 4 * scale},
                                 canvas.size(), plates));
  }
  for (std::size_t i = objects.size(); i-- > 0;) {
    const detection::Box& box = objects[i].box;
    canvas.outline(pixel(box.top), pixel(box.left), pixel(box.bottom), pixel(box.right), width,
                   colour_of(objects[i].class_index));
  }
  for (std::size_t i = objects.size(); i-- > 0;) {
    const Plate& plate = plates[i];
    const Colour colour = colour_of(objects[i].class_index);
    canvas.fill(plate.top, plate.left, plate.bottom, plate.right, colour);
    canvas.text(plate.top + scale, plate.left + 2 * scale, captions[i], scale,
                brightness(colour) > 120 ? black : white);
  }
}

}  // namespace edge::drawing
