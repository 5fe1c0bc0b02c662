// What is to be found in the frames of a video that knows: a synthetic one. Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/operations.h"
#include "roles/video/scenes/scene.h"

namespace edge {

class Truth {
 public:
  /// `size`: of the pictures. Throws Error: the source knows nothing about its frames, or cannot be.
  Truth(const std::string& source, const Extent2d& size);

  /// Of frame `index` of the video, of which there is no end if the source is played again and again. Boxes
  /// are in pixels of the source's picture.
  std::vector<SceneObject> objects(std::uint64_t index) const;
  /// Frames in the video; 0: endless.
  std::uint64_t frames() const { return static_cast<std::uint64_t>(options_.frames); }

 private:
  SceneOptions options_;
  std::unique_ptr<const Scene> scene_;
};

}  // namespace edge
