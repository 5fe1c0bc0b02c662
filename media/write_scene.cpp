// Writes frames of a synthetic scene to standard output, raw planar G, B, R (ffmpeg: -pix_fmt gbrp).
// Used by make_sample.sh; stands on roles/video/scenes alone.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "roles/video/scenes/scene.h"

int main(int argument_count, char** arguments) {
  if (argument_count != 5) {
    std::fprintf(stderr, "usage: write_scene 'synthetic:NAME?...' ROWS COLUMNS FRAMES > frames.gbrp\n");
    return 2;
  }
  try {
    edge::SceneOptions options = edge::parse_scene(arguments[1]);
    options.rows = std::atoll(arguments[2]);
    options.columns = std::atoll(arguments[3]);
    const long long frames = std::atoll(arguments[4]);
    const auto scene = edge::make_scene(options);
    const auto plane = static_cast<std::size_t>(options.rows * options.columns);
    std::vector<std::uint8_t> planes(3 * plane);
    for (long long frame = 0; frame < frames; ++frame) {
      scene->render(frame, planes.data());
      edge::add_sensor_noise(options, frame, planes.data());
      std::rotate(planes.begin(), planes.begin() + static_cast<std::ptrdiff_t>(plane),
                  planes.end());  // G, B, R
      if (std::fwrite(planes.data(), 1, planes.size(), stdout) != planes.size()) return 1;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
