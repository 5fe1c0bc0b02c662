// Pictures of the scene `street` with what is to be found in them, for training: all seeds, sizes, numbers of
// objects, and what cameras and codecs do to pictures. One owner, one thread; the same seed gives the same
// samples.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/autograd/random.h"
#include "engine/tensor.h"
#include "roles/video/scenes/scene.h"

namespace edge::street {

/// An object in a sample; pixels of the sample, fractions too.
struct TrueObject {
  int class_index = 0;
  double left = 0, top = 0, right = 0, bottom = 0;
  double visible = 0;  ///< share of it that can be seen
};

/// What is to be found in a frame of a scene, in pixels of its picture.
std::vector<TrueObject> truth_of(const Scene& scene, std::int64_t frame);

struct Sample {
  std::vector<TrueObject> objects;
};

/// Seeds below this are for judging, never for training.
inline constexpr std::uint64_t first_training_seed = 1000;

class Samples {
 public:
  Samples(std::int64_t rows, std::int64_t columns, std::uint32_t seed);
  /// Writes 3 x rows x columns values in [0, 1] to `pixels`.
  Sample next(float* pixels);

 private:
  /// Where a sample's pixels lie in the picture: x = left + column * step_x, y likewise.
  struct Window {
    double left = 0, top = 0, step_x = 1, step_y = 1;
    bool mirrored = false;
  };
  struct Street {
    SceneOptions options;
    std::unique_ptr<Scene> scene;
  };
  int pick(int bound);  ///< 0 .. bound - 1
  double between(double low, double high);
  Street new_street();
  /// Of one colour, over what is beyond the edges of a picture of rows x columns.
  void draw_bars(const Window& window, std::int64_t rows, std::int64_t columns, float* pixels);

  const std::int64_t rows_, columns_;
  autograd::Generator generator_;
  std::vector<Street> streets_;  ///< painting a background takes longer than a step of training
  std::vector<std::uint8_t> picture_;
};

}  // namespace edge::street
