// A video file or image through ffmpeg. Its first frame is decoded when it is opened, hence all that is wrong
// with the file as such is thrown there. It is complete when the decoder reached its end: damage that ffmpeg
// tells of is a warning, with a count. next() throws Error if ffmpeg fails or the file ends early, after the
// frames that were whole.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "roles/config/quote.h"
#include "roles/video/ffmpeg_run.h"
#include "roles/video/planar_frame.h"
#include "roles/video/source_kind.h"
#include "roles/video/source_name.h"

namespace edge {
namespace {

class FfmpegFile final : public FrameSource {
 public:
  FfmpegFile(FfmpegOptions options, std::string name, const std::stop_token& stop)
      : options_(std::move(options)), name_(std::move(name)), cancel_(stop), rgb_(frame_bytes(options_)) {
    first_ = read_frame();
  }

  std::optional<Array> next() override {
    if (first_) return std::exchange(first_, std::nullopt);
    return read_frame();
  }
  FrameTimes times() const override { return times_; }
  Placement placement() const override { return run_ ? run_->placement() : Placement{}; }
  std::optional<double> frames_per_second() const override {
    return run_ ? run_->log().frames_per_second() : std::nullopt;
  }
  void cancel() override { cancel_.set(); }

 private:
  std::optional<Array> read_frame() {
    if (ended_ || cancel_.is_set()) return std::nullopt;
    ended_ = true;  // unless a whole frame comes
    try {
      if (!run_) run_.emplace(options_);
      switch (run_->read(rgb_, cancel_)) {
        case FfmpegRun::Outcome::frame:
          break;
        case FfmpegRun::Outcome::cancelled:
          return std::nullopt;
        case FfmpegRun::Outcome::silent:
          throw Error(fmt::format("{} (after {} frames); is the file's disk or network there?",
                                  nothing_came(options_), run_->frames()));
        case FfmpegRun::Outcome::end:
          finish();
          return std::nullopt;
      }
    } catch (const Error& error) {
      throw Error(name_ + ": " + error.what());
    }
    ended_ = false;
    const std::optional<std::int64_t> time_us = run_->time_us();
    times_.video_s = time_us ? std::optional(1e-6 * static_cast<double>(*time_us)) : std::nullopt;
    return frame_from_rgb24(rgb_.data(), options_.rows, options_.columns);
  }

  void finish() {
    const FfmpegRun::End end = run_->finish();
    const std::uint64_t frames = run_->frames();
    if (!end.complete) {
      const std::string reason = printable(end.reason, longest_words);
      throw Error(frames == 0 ? reason : fmt::format("broken after {} frames: {}", frames, reason));
    }
    const std::uint64_t errors = run_->log().error_count();
    if (errors > 0) {
      spdlog::warn("{}: ffmpeg tells of damage ({} {}, the last: {}); all {} frames are there", name_, errors,
                   errors == 1 ? "message" : "messages", printable(run_->log().last_error(), longest_words),
                   frames);
    }
  }

  FfmpegOptions options_;
  std::string name_;
  EventFlag cancel_;
  std::optional<FfmpegRun> run_;
  std::vector<std::uint8_t> rgb_;
  FrameTimes times_;
  bool ended_ = false;
  std::optional<Array> first_;
};

// ffmpeg takes image names with a number's place, "shot%d.jpg", for a series of files.
bool looks_like_image_series(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || path.find('%') == std::string::npos) return false;
  std::string ending = path.substr(dot + 1);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  constexpr auto endings = std::to_array<std::string_view>(
      {"jpeg", "jpg",  "jps", "mpo", "jls",  "ljpg", "jp2", "j2k",  "jpc", "jxl", "png",    "pns",
       "mng",  "webp", "bmp", "tif", "tiff", "ppm",  "pgm", "pbm",  "pam", "pnm", "pgmyuv", "pfm",
       "phm",  "tga",  "dpx", "exr", "pcx",  "sgi",  "ras", "sun",  "xbm", "xpm", "xwd",    "dds",
       "psd",  "qoi",  "hdr", "pix", "ptx",  "im1",  "im8", "im24", "wbmp"});
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

std::unique_ptr<FrameSource> open_ffmpeg_file(const VideoOptions& video) {
  require_readable(video.source);
  FfmpegOptions options = ffmpeg_options(video, video.file_patience);
  options.input = "file:" + video.source;  // neither an option nor another protocol, whatever it is called
  if (looks_like_image_series(video.source))
    options.input_options = {"-f", "image2", "-pattern_type", "none"};
  return std::make_unique<FfmpegFile>(std::move(options), source_name(video.source), video.stop);
}

}  // namespace

const SourceKind ffmpeg_file_kind = {[](const std::string& source) { return !source.empty(); },
                                     open_ffmpeg_file, true};

}  // namespace edge
