// The cars and people of scene `street`. Pure functions in integer arithmetic, no errors.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "roles/video/scenes/canvas.h"
#include "roles/video/scenes/scene.h"

namespace edge {

struct StreetObject {
  enum class Kind : std::uint8_t { car, person };

  Kind kind = Kind::car;
  std::int64_t bottom = 0, width = 0, height = 0;  ///< pixels
  bool to_the_right = true;
  std::int64_t start = 0;  ///< pixels, at frame 0
  std::int64_t speed = 0;  ///< 1/256 pixels per frame
  Colour colour;
  std::uint64_t seed = 0;

  void draw(const Canvas& canvas, std::int64_t frame) const;
  /// visit(row, column) for each pixel that draw() covers, those outside of the picture, too; not for its
  /// shadow.
  void cover(std::int64_t columns, std::int64_t frame,
             const std::function<void(std::int64_t, std::int64_t)>& visit) const;

 private:
  std::int64_t left(std::int64_t columns, std::int64_t frame) const;
  /// Of the pixel in row y and column x of the object's rectangle.
  std::optional<Colour> colour_at(std::int64_t y, std::int64_t x, std::int64_t frame) const;
};

/// The far ones first. With `moving` false, all have speed 0 and are within the picture.
std::vector<StreetObject> make_street_objects(const SceneOptions& options, bool moving);

}  // namespace edge
