// `synthetic:NAME?...`: a scene as a frame source.
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "roles/video/planar_frame.h"
#include "roles/video/scenes/scene.h"
#include "roles/video/source_kind.h"

namespace edge {
namespace {

class SyntheticSource final : public FrameSource {
 public:
  explicit SyntheticSource(SceneOptions options)
      : options_(std::move(options)), scene_(make_scene(options_)) {}

  std::optional<Array> next() override {
    if (cancelled_ || (options_.frames != 0 && frame_ >= options_.frames)) return std::nullopt;
    PlanarFrame frame(options_.rows, options_.columns);
    scene_->render(frame_, frame.planes);
    add_sensor_noise(options_, frame_, frame.planes);
    ++frame_;
    return frame.array;
  }
  FrameTimes times() const override {
    return {.video_s = static_cast<double>(frame_ - 1) / options_.frames_per_second, .captured = {}};
  }
  std::optional<double> frames_per_second() const override { return options_.frames_per_second; }
  void cancel() override { cancelled_ = true; }

 private:
  SceneOptions options_;
  std::unique_ptr<Scene> scene_;
  std::int64_t frame_ = 0;
  std::atomic<bool> cancelled_{false};
};

}  // namespace

const SourceKind synthetic_kind = {[](const std::string& source) { return source.starts_with("synthetic:"); },
                                   [](const VideoOptions& video) -> std::unique_ptr<FrameSource> {
                                     SceneOptions options = parse_scene(video.source);
                                     options.rows = video.rows;
                                     options.columns = video.columns;
                                     return std::make_unique<SyntheticSource>(std::move(options));
                                   },
                                   true};

}  // namespace edge
