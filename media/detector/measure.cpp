// Judges the network `street` as the program has it: its weights, its executor, its video. See
// media/README.md.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/executor.h"
#include "media/detector/judge.h"
#include "roles/detection/centre_decoder.h"
#include "roles/model.h"
#include "roles/video/frame_source.h"
#include "roles/video/scenes/scene.h"

namespace edge::street {
namespace {

constexpr std::array<Extent2d, 3> sizes = {{{480, 720}, {360, 640}, {720, 1280}}};
constexpr int seeds = 40;

/// A network for frames of one size.
class Detector {
 public:
  Detector(const std::string& weights, const Extent2d& size)
      : config_{.weights = weights, .rows = size.rows, .columns = size.columns},
        network_(load_network(config_)),
        executor_(network_.graph, *network_.weights, {.threads = resolve_threads(0)}) {}

  Extent2d size() const { return {config_.rows, config_.columns}; }
  Framing framing() const { return framing_of(config_, network_.graph, "auto"); }

  /// In pixels of the picture.
  std::vector<detection::Detection> detect(const Array& frame, const Placement& placement) {
    const LayerIndex output = network_.graph.output();
    const Array planes = executor_.run_range(1, network_.graph.size(), {{0, as_floats(frame)}}).at(output);
    const Shape& shape = planes.shape();
    const detection::CentreGrid grid{
        .classes = static_cast<int>(shape[1]) - 4, .rows = shape[2], .columns = shape[3], .stride = 16};
    std::vector<detection::Detection> found = detection::suppress_overlapping(
        detection::decode_centres(grid, planes.values().data(), least_score), most_overlap);
    const auto x = [&](float column) {
      return static_cast<float>(std::clamp(placement.picture_x(double{column}), 0.0,
                                           static_cast<double>(placement.picture.columns)));
    };
    const auto y = [&](float row) {
      return static_cast<float>(
          std::clamp(placement.picture_y(double{row}), 0.0, static_cast<double>(placement.picture.rows)));
    };
    for (detection::Detection& one : found) {
      one.box = {.left = x(one.box.left),
                 .top = y(one.box.top),
                 .right = x(one.box.right),
                 .bottom = y(one.box.bottom)};
    }
    return found;
  }

 private:
  ModelConfig config_;
  Network network_;
  Executor executor_;
};

SceneOptions street(const Extent2d& size, std::uint64_t seed, int objects, int noise) {
  SceneOptions options;
  options.name = "street";
  options.rows = size.rows;
  options.columns = size.columns;
  options.seed = seed;
  options.objects = objects;
  options.noise = noise;
  options.frames_per_second = 12;
  return options;
}

void print(const std::string& what, const Score& score) {
  const bool good = score.precision() >= 0.95 && score.recall() >= 0.95;
  fmt::print("{:52} precision {:.3f}  recall {:.3f}  ({} found, {} missed, {} wrong){}\n", what,
             score.precision(), score.recall(), score.found, score.missed, score.wrong,
             good ? "" : "  <- below 0.95");
  std::fflush(stdout);
}

/// Pictures as they are drawn, in the size of the frames.
void judge_drawn(Detector& detector, const std::string& what, int objects, int noise) {
  const Extent2d size = detector.size();
  Score score;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const SceneOptions options = street(size, seed, objects, noise);
    const std::unique_ptr<Scene> scene = make_scene(options);
    for (const std::int64_t frame : {20, 77, 150}) {
      const PlanarFrame picture(size.rows, size.columns);
      scene->render(frame, picture.planes);
      add_sensor_noise(options, frame, picture.planes);
      score += judge(detector.detect(picture.array, whole_frame(size)), truth_of(*scene, frame));
    }
  }
  print(fmt::format("{}x{} {}", size.rows, size.columns, what), score);
}

/// A video file of `scene`, every `step`-th frame of it.
Score judge_video(Detector& detector, const std::string& file, const Framing& framing, const Scene& scene,
                  std::int64_t step) {
  const Extent2d size = detector.size();
  const auto source =
      open_frame_source({.source = file, .rows = size.rows, .columns = size.columns, .framing = framing});
  Score score;
  for (std::int64_t frame = 0; const std::optional<Array> pixels = source->next(); ++frame) {
    if (frame % step != step - 1) continue;
    score += judge(detector.detect(*pixels, source->placement()), truth_of(scene, frame));
  }
  return score;
}

/// The first frames of drawn streets as H.264.
class Videos {
 public:
  Videos(const std::string& folder, const Extent2d& size, int objects, int noise, int quality) {
    constexpr std::int64_t frames = 12;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const SceneOptions options = street(size, seed, objects, noise);
      std::shared_ptr<const Scene> scene = make_scene(options);
      const std::string file = fmt::format("{}/{}.mp4", folder, seed);
      const std::string command = fmt::format(
          "ffmpeg -nostdin -v error -y -f rawvideo -pix_fmt gbrp -s {}x{} -r 12 -i - -pix_fmt yuv420p -c:v "
          "libx264 "
          "-crf {} '{}'",
          size.columns, size.rows, quality, file);
      std::FILE* const pipe = ::popen(command.c_str(), "w");
      if (pipe == nullptr) throw Error("cannot start ffmpeg");
      const auto plane = static_cast<std::size_t>(size.rows * size.columns);
      for (std::int64_t frame = 0; frame < frames; ++frame) {
        const PlanarFrame picture(size.rows, size.columns);
        scene->render(frame, picture.planes);
        add_sensor_noise(options, frame, picture.planes);
        for (const std::size_t channel : {1U, 2U, 0U})
          std::fwrite(picture.planes + channel * plane, 1, plane, pipe);
      }
      if (::pclose(pipe) != 0) throw Error("ffmpeg cannot write " + file);
      videos_.push_back({.file = file, .scene = std::move(scene)});
    }
  }

  Score judged_by(Detector& detector) const {
    Score score;
    for (const Video& video : videos_) {
      score += judge_video(detector, video.file, detector.framing(), *video.scene, 4);
    }
    return score;
  }

 private:
  struct Video {
    std::string file;
    std::shared_ptr<const Scene> scene;
  };
  std::vector<Video> videos_;
};

int run(const std::string& weights, const std::string& folder) {
  std::vector<std::unique_ptr<Detector>> detectors;
  for (const Extent2d& size : sizes) detectors.push_back(std::make_unique<Detector>(weights, size));

  // As media/make_sample.sh draws it.
  const std::unique_ptr<Scene> sample = make_scene(street({480, 720}, 1, 6, 3));
  for (const auto& detector : detectors) {
    const Extent2d size = detector->size();
    print(fmt::format("{}x{} media/sample.mp4", size.rows, size.columns),
          judge_video(*detector, "media/sample.mp4", detector->framing(), *sample, 1));
  }
  print("360x640 media/sample.mp4, fit = \"stretch\"",
        judge_video(*detectors[1], "media/sample.mp4", {}, *sample, 1));
  for (const auto& detector : detectors) {
    judge_drawn(*detector, "drawn, 6 objects, noise 3", 6, 3);
    judge_drawn(*detector, "drawn, 6 objects, noise 12", 6, 12);
    judge_drawn(*detector, "drawn, crowd of 24", 24, 3);
    judge_drawn(*detector, "drawn, empty", 0, 3);
  }
  struct Kind {
    const char* name;
    int objects, noise, quality;
  };
  for (const Kind& kind :
       {Kind{"6 objects, H.264 crf 28", 6, 3, 28}, Kind{"6 objects, H.264 crf 36", 6, 3, 36},
        Kind{"crowd of 24, H.264 crf 28", 24, 3, 28}, Kind{"empty, H.264 crf 36", 0, 3, 36}}) {
    const Videos videos(folder, {480, 720}, kind.objects, kind.noise, kind.quality);
    for (const auto& detector : detectors) {
      const Extent2d size = detector->size();
      print(fmt::format("{}x{} of 480x720, {}", size.rows, size.columns, kind.name),
            videos.judged_by(*detector));
    }
  }
  return 0;
}

}  // namespace
}  // namespace edge::street

int main(int count, char** arguments) {
  if (count > 2 || (count == 2 && arguments[1][0] == '-')) {
    std::fputs(
        "usage: judge_street [WEIGHTS]   in the root of the source tree; without WEIGHTS: the program's "
        "own\n",
        stderr);
    return 2;
  }
  try {
    std::string folder = (std::filesystem::temp_directory_path() / "judge_street_XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw edge::Error("cannot make " + folder);
    const int status = edge::street::run(count == 2 ? arguments[1] : "", folder);
    std::filesystem::remove_all(folder);
    return status;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "judge_street: %s\n", error.what());
    return 1;
  }
}
