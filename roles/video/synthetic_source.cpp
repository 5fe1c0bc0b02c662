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
  SyntheticSource(SceneOptions options, const Framing& framing)
      : options_(std::move(options)), channels_(framing.channels), scene_(make_scene(options_)) {}

  std::optional<Array> next() override {
    if (cancelled_ || (options_.frames != 0 && frame_ >= options_.frames)) return std::nullopt;
    PlanarFrame frame(options_.rows, options_.columns);
    scene_->render(frame_, frame.planes);
    add_sensor_noise(options_, frame_, frame.planes);
    order_planes(channels_, frame, {options_.rows, options_.columns});
    ++frame_;
    return frame.array;
  }
  FrameTimes times() const override {
    return {.video_s = static_cast<double>(frame_ - 1) / options_.frames_per_second, .captured = {}};
  }
  // Scenes are drawn in the frame's size.
  Placement placement() const override { return whole_frame({options_.rows, options_.columns}); }
  std::optional<double> frames_per_second() const override { return options_.frames_per_second; }
  void cancel() override { cancelled_ = true; }

 private:
  SceneOptions options_;
  ChannelOrder channels_;
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
                                     return std::make_unique<SyntheticSource>(std::move(options),
                                                                              video.framing);
                                   },
                                   true};

}  // namespace edge
