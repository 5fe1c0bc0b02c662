#include "roles/video/scenes/street_objects.h"

#include <array>
#include <cstddef>
#include <optional>

namespace edge {
namespace {

constexpr std::array<Colour, 8> paints = {{
    {178, 34, 34},
    {228, 228, 224},
    {40, 76, 140},
    {60, 62, 66},
    {206, 160, 38},
    {46, 110, 78},
    {150, 154, 160},
    {122, 52, 98},
}};
constexpr Colour glass = {52, 66, 84}, rubber = {24, 24, 26}, metal = {150, 150, 154}, skin = {196, 150, 122};

// u and v run from 0 to 999 over the object's width (back to front) and height (top to bottom).
struct Point {
  std::int64_t u, v;
};

bool within(std::int64_t value, std::int64_t low, std::int64_t high) {
  return value >= low && value < high;
}

bool in_disc(Point p, std::int64_t centre_u, std::int64_t centre_v, std::int64_t radius_v, std::int64_t width,
             std::int64_t height) {
  const std::int64_t du = (p.u - centre_u) * width, dv = (p.v - centre_v) * height,
                     radius = radius_v * height;
  return du * du + dv * dv <= radius * radius;
}

std::optional<Colour> car_colour(const StreetObject& car, Point p) {
  for (const int wheel : {215, 785}) {
    if (in_disc(p, wheel, 830, 75, car.width, car.height)) return metal;
    if (in_disc(p, wheel, 830, 160, car.width, car.height)) return rubber;
  }
  const std::int64_t above = 420 - p.v;  // the cabin narrows towards the roof
  const std::int64_t rear = 150 + above / 4, front = 770 - above * 2 / 5;
  if (within(p.v, 50, 420) && within(p.u, rear, front)) {
    const bool window = within(p.v, 120, 400) && within(p.u, rear + 40, front - 40) && !within(p.u, 445, 475);
    return window ? glass + static_cast<int>(above / 12) : car.colour + 18;
  }
  const std::int64_t corner = p.v < 520 ? (520 - p.v) / 2 : 0;
  if (within(p.v, 420, 860) && within(p.u, 12 + corner, 988 - corner)) {
    if (within(p.v, 500, 590) && p.u > 950) return Colour{246, 236, 190};
    if (within(p.v, 500, 590) && p.u < 45) return Colour{200, 30, 24};
    if (within(p.u, 455, 465) && p.v < 790) return car.colour * 70;
    return (car.colour + static_cast<int>((600 - p.v) / 16)) * (p.v > 780 ? 60 : 100);
  }
  return std::nullopt;
}

std::optional<Colour> person_colour(const StreetObject& person, Point p, std::int64_t stride) {
  if (in_disc(p, 500, 90, 85, person.width, person.height)) return p.v < 60 ? Colour{58, 42, 34} : skin;
  if (within(p.v, 175, 560) && within(p.u, 230, 770)) return person.colour;
  if (within(p.v, 560, 985)) {
    const std::int64_t spread = stride * (p.v - 560) / 425;
    for (const std::int64_t leg : {500 - spread, 500 + spread}) {
      if (within(p.u, leg - 130, leg + 130)) return p.v > 940 ? rubber : Colour{52, 56, 78};
    }
  }
  return std::nullopt;
}

// 0 to 320 and back, once in 16 steps
std::int64_t stride_of(std::int64_t frame) {
  const std::int64_t phase = frame % 16;
  return 40 * (phase < 8 ? phase : 16 - phase);
}

void draw_shadow(const Canvas& canvas, const StreetObject& object, std::int64_t left) {
  const std::int64_t half = std::max<std::int64_t>(object.height / 12, 1);
  for (std::int64_t row = object.bottom - half; row <= object.bottom + half; ++row) {
    for (std::int64_t column = left; column < left + object.width; ++column) {
      const std::int64_t x = (2 * (column - left) - object.width) * half,
                         y = 2 * (row - object.bottom) * object.width / 2;
      const std::int64_t limit = object.width * half;
      if (x * x + y * y > limit * limit || !canvas.contains(row, column)) continue;
      canvas.set(row, column, canvas.get(row, column) * 62);
    }
  }
}

}  // namespace

std::int64_t StreetObject::left(std::int64_t columns, std::int64_t frame) const {
  const std::int64_t period = columns + 2 * width;
  const std::int64_t path = (start + speed * frame / 256) % period;
  return (to_the_right ? path : period - 1 - path) - width;
}

std::optional<Colour> StreetObject::colour_at(std::int64_t y, std::int64_t x, std::int64_t frame) const {
  Point point = {(2 * x + 1) * 500 / width, (2 * y + 1) * 500 / height};
  if (!to_the_right) point.u = 999 - point.u;
  if (kind == Kind::car) return car_colour(*this, point);
  return person_colour(*this, point, speed == 0 ? 120 : stride_of(frame));
}

void StreetObject::draw(const Canvas& canvas, std::int64_t frame) const {
  const std::int64_t first_column = left(canvas.columns, frame);
  draw_shadow(canvas, *this, first_column);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const std::int64_t row = bottom - height + y, column = first_column + x;
      if (!canvas.contains(row, column)) continue;
      const std::optional<Colour> pixel = colour_at(y, x, frame);
      // The texture moves with the object.
      if (pixel) canvas.set(row, column, *pixel + texture(seed, y, x, 3, 7));
    }
  }
}

void StreetObject::cover(std::int64_t columns, std::int64_t frame,
                         const std::function<void(std::int64_t, std::int64_t)>& visit) const {
  const std::int64_t first_column = left(columns, frame);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      if (colour_at(y, x, frame)) visit(bottom - height + y, first_column + x);
    }
  }
}

std::vector<StreetObject> make_street_objects(const SceneOptions& options, bool moving) {
  struct Lane {
    StreetObject::Kind kind;
    int bottom, size;  // of 1000 rows, of 1000 columns (width)
    bool to_the_right;
    int slowest, quickest;  // tenths of a second from edge to edge
  };
  // Far to near.
  constexpr std::array<Lane, 4> lanes = {{
      {StreetObject::Kind::person, 520, 28, false, 180, 260},
      {StreetObject::Kind::car, 660, 150, false, 50, 90},
      {StreetObject::Kind::car, 850, 205, true, 40, 70},
      {StreetObject::Kind::person, 975, 40, true, 150, 220},
  }};
  constexpr std::array<std::size_t, 4> order = {2, 0, 1, 3};  // which lanes the first objects take
  std::vector<std::vector<StreetObject>> by_lane(lanes.size());
  for (int number = 0; number < options.objects; ++number) {
    const std::size_t lane_index = order[static_cast<std::size_t>(number) % order.size()];
    const Lane& lane = lanes[lane_index];
    const auto random = [&](std::uint64_t purpose, int bound) {
      return pick(mix(options.seed, static_cast<std::uint64_t>(number), purpose), bound);
    };
    StreetObject object;
    object.kind = lane.kind;
    object.bottom = options.rows * lane.bottom / 1000;
    object.width = std::max<std::int64_t>(options.columns * lane.size / 1000, 3);
    object.height = lane.kind == StreetObject::Kind::car ? std::max<std::int64_t>(object.width * 42 / 100, 2)
                                                         : object.width * 3;
    object.to_the_right = lane.to_the_right;
    // Behind one another, as long as there is room for all.
    const std::int64_t period = options.columns + 2 * object.width;
    const std::int64_t before = static_cast<std::int64_t>(by_lane[lane_index].size());
    object.start =
        (object.width + random(1, 1000) * options.columns / 2000 + before * period * 3 / 8) % period;
    if (moving) {
      const int tenths = lane.slowest + random(2, lane.quickest - lane.slowest);
      object.speed = std::max<std::int64_t>(options.columns * 2560 / (tenths * options.frames_per_second), 1);
    }
    object.colour = paints[static_cast<std::size_t>(random(3, static_cast<int>(paints.size())))];
    object.seed = mix(options.seed, static_cast<std::uint64_t>(number), 4);
    by_lane[lane_index].push_back(object);
  }
  std::vector<StreetObject> objects;
  for (const auto& lane : by_lane) objects.insert(objects.end(), lane.begin(), lane.end());
  return objects;
}

}  // namespace edge
