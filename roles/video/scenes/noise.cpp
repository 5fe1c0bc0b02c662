// Scene `noise`: every pixel is drawn anew in every frame. The worst case for delta coding.
#include <cstddef>

#include "roles/video/scenes/canvas.h"
#include "roles/video/scenes/scene.h"

namespace edge {
namespace {

class NoiseScene final : public Scene {
 public:
  explicit NoiseScene(const SceneOptions& options)
      : seed_(options.seed), bytes_(3 * options.rows * options.columns) {}

  void render(std::int64_t frame, std::uint8_t* planes) const override {
    const std::uint64_t seed = mix(seed_, static_cast<std::uint64_t>(frame));
    std::uint64_t random = 0;
    for (std::int64_t i = 0; i < bytes_; ++i) {
      random = i % 8 == 0 ? mix(seed, static_cast<std::uint64_t>(i)) : random >> 8;
      planes[i] = static_cast<std::uint8_t>(random & 0xff);
    }
  }

 private:
  std::uint64_t seed_;
  std::int64_t bytes_;
};

}  // namespace

const SceneKind noise_scene = {"noise", [](const SceneOptions& options) -> std::unique_ptr<Scene> {
                                 return std::make_unique<NoiseScene>(options);
                               }};

}  // namespace edge
