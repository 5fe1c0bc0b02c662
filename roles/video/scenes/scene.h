// Synthetic scenes: pictures as a function of the frame number. A new scene is one file that defines a
// SceneKind, and its name in the line below and in the table in scene.cpp. Scenes are immutable: render() may
// be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

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

class Scene {
 public:
  virtual ~Scene() = default;
  /// Without sensor noise. `planes`: 3 x rows x columns bytes, planar RGB. The same bytes for the same frame,
  /// always.
  virtual void render(std::int64_t frame, std::uint8_t* planes) const = 0;
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
