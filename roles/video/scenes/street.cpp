// Scenes `street` and `static`: what a fixed camera sees of a street. The background never changes; in
// `street` cars and people move in front of it, in `static` they stand still.
#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "roles/video/scenes/canvas.h"
#include "roles/video/scenes/scene.h"
#include "roles/video/scenes/street_objects.h"

namespace edge {
namespace {

// Rows of the picture's parts, of 1000.
constexpr int house_bottom = 440, far_kerb = 535, road_bottom = 880;

class StreetScene final : public Scene {
 public:
  StreetScene(const SceneOptions& options, bool moving)
      : seed_(options.seed),
        rows_(options.rows),
        columns_(options.columns),
        background_(static_cast<std::size_t>(3 * rows_ * columns_)),
        objects_(make_street_objects(options, moving)) {
    paint_background({background_.data(), rows_, columns_});
  }

  void render(std::int64_t frame, std::uint8_t* planes) const override {
    std::copy(background_.begin(), background_.end(), planes);
    for (const StreetObject& object : objects_) object.draw({planes, rows_, columns_}, frame);
  }

  bool knows_objects() const override { return true; }
  std::vector<SceneObject> objects(std::int64_t frame) const override {
    // Whose pixel is in front, in the order in which they are drawn; 0: the background's.
    std::vector<std::uint8_t> front(static_cast<std::size_t>(rows_ * columns_));
    std::vector<SceneObject> found(objects_.size());
    std::vector<std::int64_t> drawn(objects_.size());
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      SceneObject& object = found[i];
      object = {.class_index = objects_[i].kind == StreetObject::Kind::car ? 0 : 1,
                .left = columns_,
                .top = rows_,
                .right = 0,
                .bottom = 0};
      objects_[i].cover(columns_, frame, [&](std::int64_t row, std::int64_t column) {
        ++drawn[i];
        if (row < 0 || column < 0 || row >= rows_ || column >= columns_) return;
        front[static_cast<std::size_t>(row * columns_ + column)] = static_cast<std::uint8_t>(i + 1);
        object.left = std::min(object.left, column);
        object.top = std::min(object.top, row);
        object.right = std::max(object.right, column + 1);
        object.bottom = std::max(object.bottom, row + 1);
      });
    }
    std::vector<std::int64_t> seen(objects_.size() + 1);
    for (const std::uint8_t owner : front) ++seen[owner];
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (drawn[i] > 0) found[i].visible = static_cast<double>(seen[i + 1]) / static_cast<double>(drawn[i]);
    }
    std::erase_if(found, [](const SceneObject& object) { return object.visible == 0; });
    return found;
  }

 private:
  void paint_background(const Canvas& canvas) const {
    for (std::int64_t row = 0; row < rows_; ++row) {
      const auto v = static_cast<int>(row * 1000 / rows_);
      for (std::int64_t column = 0; column < columns_; ++column) {
        const auto u = static_cast<int>(column * 1000 / columns_);
        canvas.set(row, column, ground_or_sky(row, column, v, u));
      }
    }
    for (int tree = 0; tree < 3; ++tree) paint_tree(canvas, tree);
  }

  Colour ground_or_sky(std::int64_t row, std::int64_t column, int v, int u) const {
    if (v < house_bottom) return house_or_sky(row, column, v, u);
    if (v < far_kerb) return pavement(row, column, v - house_bottom, u, 46);
    if (v < far_kerb + 12) return Colour{128, 126, 122} + texture(seed_ + 1, row, column, 2, 10);
    if (v < road_bottom) return road(row, column, v, u);
    if (v < road_bottom + 16) return Colour{136, 134, 130} + texture(seed_ + 1, row, column, 2, 10);
    return pavement(row, column, v - road_bottom, u, 90);
  }

  Colour house_or_sky(std::int64_t row, std::int64_t column, int v, int u) const {
    constexpr int houses = 6, pitch = 1000 / houses + 1;
    constexpr std::array<Colour, 6> walls = {
        {{170, 120, 96}, {196, 184, 160}, {148, 92, 78}, {176, 170, 164}, {188, 156, 112}, {132, 134, 140}}};
    const int house = u / pitch, x = u % pitch;
    const std::uint64_t random = mix(seed_, 100, static_cast<std::uint64_t>(house));
    const int roof = 40 + pick(random, 110);
    if (v < roof) {
      const Colour sky = blend({150, 186, 222}, {206, 220, 230}, v * 1000 / house_bottom);
      return sky + texture(seed_ + 2, row, column, 90, 9) + texture(seed_ + 3, row, column, 23, 5);
    }
    const Colour wall = walls[static_cast<std::size_t>(pick(mix(random), 1000) + house) % walls.size()];
    if (v < roof + 12) return wall * 55;
    // Four columns of windows and a door, storeys of 74 from the ground up.
    const int storey = (house_bottom - v) / 74, y = (house_bottom - v) % 74;
    const int window = x / (pitch / 4), along = x % (pitch / 4);
    const bool door = storey == 0 && window == pick(mix(random, 7), 4);
    if (door && along > 9 && along < 33 && y < 62)
      return Colour{82, 56, 40} + texture(seed_ + 4, row, column, 3, 10);
    if (!door && along > 9 && along < 32 && y > 20 && y < 60 && v > roof + 24) {
      const bool frame = along < 12 || along > 29 || y < 23 || y > 57 || (along > 19 && along < 22);
      if (frame) return {222, 220, 212};
      const int lit =
          pick(mix(random, static_cast<std::uint64_t>(storey), static_cast<std::uint64_t>(window)), 60);
      return Colour{58, 70, 86} + lit + texture(seed_ + 5, row, column, 12, 14);
    }
    return wall + texture(seed_ + 6, row, column, 2, 9) + texture(seed_ + 7, row, column, 31, 8);
  }

  Colour pavement(std::int64_t row, std::int64_t column, int v, int u, int slab) const {
    const bool joint = v % slab < 3 || (u + v / slab * 17) % (slab + 20) < 2;
    const Colour stone = joint ? Colour{120, 118, 114} : Colour{164, 160, 154};
    return stone + texture(seed_ + 8, row, column, 2, 10) + texture(seed_ + 9, row, column, 17, 7);
  }

  Colour road(std::int64_t row, std::int64_t column, int v, int u) const {
    const int wear = texture(seed_ + 10, row, column, 2, 12) + texture(seed_ + 11, row, column, 40, 7);
    constexpr int centre = 690;
    if (v >= centre && v < centre + 12 && u % 125 < 75) return Colour{206, 204, 196} + wear;
    return Colour{84, 86, 90} + (v - far_kerb) / 24 + wear;
  }

  void paint_tree(const Canvas& canvas, int tree) const {
    const std::uint64_t random = mix(seed_, 200, static_cast<std::uint64_t>(tree));
    const std::int64_t centre = columns_ * (120 + 330 * tree + pick(random, 120)) / 1000;
    const std::int64_t bottom = rows_ * (house_bottom + 40) / 1000, crown_row = rows_ * 270 / 1000;
    const std::int64_t radius = std::max<std::int64_t>(rows_ * (75 + pick(mix(random), 25)) / 1000, 2);
    const std::int64_t half_trunk = std::max<std::int64_t>(columns_ * 5 / 1000, 1);
    for (std::int64_t row = crown_row; row < bottom; ++row) {
      for (std::int64_t column = centre - half_trunk; column <= centre + half_trunk; ++column) {
        canvas.set(row, column, Colour{84, 64, 48} + texture(seed_ + 12, row, column, 2, 14));
      }
    }
    for (std::int64_t row = crown_row - 2 * radius; row <= crown_row + 2 * radius; ++row) {
      for (std::int64_t column = centre - 2 * radius; column <= centre + 2 * radius; ++column) {
        const std::int64_t dy = row - crown_row, dx = column - centre;
        const std::int64_t edge = radius + radius * texture(seed_ + 13, row, column, 9, 100) / 350;
        if (dy * dy + dx * dx > edge * edge) continue;
        const int light = static_cast<int>(-18 * dy / radius) + texture(seed_ + 14, row, column, 4, 26);
        canvas.set(row, column, Colour{62, 98, 50} + light);
      }
    }
  }

  std::uint64_t seed_;
  std::int64_t rows_, columns_;
  std::vector<std::uint8_t> background_;
  std::vector<StreetObject> objects_;
};

}  // namespace

const SceneKind street_scene = {"street", [](const SceneOptions& options) -> std::unique_ptr<Scene> {
                                  return std::make_unique<StreetScene>(options, true);
                                }};
const SceneKind static_scene = {"static", [](const SceneOptions& options) -> std::unique_ptr<Scene> {
                                  return std::make_unique<StreetScene>(options, false);
                                }};

}  // namespace edge
