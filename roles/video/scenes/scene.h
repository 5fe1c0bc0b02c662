// Synthetic scenes: pictures as a function of the frame number. A new scene is one file that defines a
// SceneKind, and its name in the line below and in the table in scene.cpp. Scenes are immutable: render() may
// be called from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace edge {

struct SceneOptions {
  std::string name;
  std::int64_t rows = 0, columns = 0;
  std::uint64_t seed = 1;
  int noise = 0;            ///< sensor noise: every value moves by at most so many steps of 1/255, per frame
  int objects = 3;          ///< things that move (street) or stand still (static)
  std::int64_t frames = 0;  ///< 0: endless
  int frames_per_second = 25;
};

/// The classes of the things that scenes know, by index.
inline constexpr std::array<const char*, 2> scene_classes = {"car", "person"};

/// What is to be found in a frame, and where. Pixels; the box is what is drawn of it within the picture, also
/// behind others, its right and bottom edge excluded.
struct SceneObject {
  int class_index = 0;  ///< of scene_classes
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;
  /// The share of its pixels that can be seen: neither outside of the picture nor behind another one.
  double visible = 0;
};

class Scene {
 public:
  virtual ~Scene() = default;
  /// Without sensor noise. `planes`: 3 x rows x columns bytes, planar RGB. The same bytes for the same frame,
  /// always.
  virtual void render(std::int64_t frame, std::uint8_t* planes) const = 0;
  /// Whether it has objects of which objects() tells.
  virtual bool knows_objects() const { return false; }
  /// The truth about a frame: all objects of which at least one pixel can be seen, the far ones first.
  virtual std::vector<SceneObject> objects(std::int64_t /*frame*/) const { return {}; }
};

struct SceneKind {
  const char* name;
  std::unique_ptr<Scene> (*make)(const SceneOptions& options);
};

extern const SceneKind street_scene, static_scene, noise_scene;

/// `text` is "synthetic:NAME?key=value&key=value" with the keys seed, noise, objects, frames, fps. Throws
/// Error that lists what is known.
SceneOptions parse_scene(const std::string& text);
/// options.name must be known.
std::unique_ptr<Scene> make_scene(const SceneOptions& options);
/// Adds the sensor noise of one frame.
void add_sensor_noise(const SceneOptions& options, std::int64_t frame, std::uint8_t* planes);

}  // namespace edge
