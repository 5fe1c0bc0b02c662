// Cameras and network streams through ffmpeg, opened again whenever they end (live_source.h), unless they
// state a length and are complete. Frames' time stamps are the time of day when they left the camera, as far
// as ffmpeg knows.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "roles/config/quote.h"
#include "roles/video/camera_device.h"
#include "roles/video/ffmpeg_run.h"
#include "roles/video/live_source.h"
#include "roles/video/planar_frame.h"
#include "roles/video/source_kind.h"
#include "roles/video/source_name.h"

namespace edge {
namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

/// One connection to a camera; LiveSource makes the next.
class FfmpegStream final : public FrameSource {
 public:
  FfmpegStream(const FfmpegOptions& options, const std::string& source, const EventFlag& cancel)
      : options_(options), source_(source), cancel_(cancel), rgb_(frame_bytes(options)) {
    try {
      run_.emplace(options);
    } catch (const Error& error) {
      throw Refused(error.what());
    }
  }

  std::optional<Array> next() override {
    switch (run_->read(rgb_, cancel_)) {
      case FfmpegRun::Outcome::cancelled:
        return std::nullopt;
      case FfmpegRun::Outcome::silent:
        throw Error(nothing_came(options_));
      case FfmpegRun::Outcome::end:
        finish();
        return std::nullopt;
      case FfmpegRun::Outcome::frame:
        break;
    }
    times_.captured = captured();
    return frame_from_rgb24(rgb_.data(), options_.rows, options_.columns);
  }
  FrameTimes times() const override { return times_; }
  Placement placement() const override { return run_->placement(); }
  std::optional<double> frames_per_second() const override { return run_->log().frames_per_second(); }

 private:
  // The time stamp is the time of day; one that cannot be that is none.
  std::optional<steady_clock::time_point> captured() const {
    using std::chrono::microseconds;
    const std::optional<std::int64_t> time_us = run_->time_us();
    if (!time_us || *time_us <= 0) return std::nullopt;
    const auto now = std::chrono::duration_cast<microseconds>(system_clock::now().time_since_epoch());
    const microseconds age = now - microseconds(*time_us);
    constexpr std::chrono::minutes oldest{10};
    if (age < -std::chrono::seconds(1) || age > oldest) return std::nullopt;
    return steady_clock::now() - std::max(age, age.zero());
  }

  // Returns at the end of a recording, and throws otherwise.
  void finish() {
    const FfmpegRun::End end = run_->finish();
    const FfmpegLog& log = run_->log();
    if (end.complete) {
      if (log.states_length()) return;
      throw Error("the stream ended");
    }
    if (run_->frames() > 0) {
      const std::string reason = told(end.reason);
      if (log.states_length()) throw Broken(reason);  // from its start once more would be other frames
      throw Error(reason);
    }
    const std::string words = told(log.last_error());
    std::string_view reason = words;
    if (const std::string name = source_name(source_) + ": "; reason.starts_with(name)) {
      reason.remove_prefix(name.size());
    }
    throw_refusal(reason.empty() ? end.reason : std::string(reason));
  }

  std::string told(const std::string& words) const {
    return printable(hide_passwords(words, source_), longest_words);
  }

  [[noreturn]] void throw_refusal(std::string reason) const {
    if (password_fault(source_) != PasswordFault::none) reason += fmt::format("; {}", password_advice);
    constexpr auto final_words = std::to_array<std::string_view>(
        {"401 Unauthorized", "403 Forbidden", "Protocol not found", "Option not found", "Unrecognized option",
         "Unknown input format", "Inappropriate ioctl for device", "Not a video capture device"});
    for (const std::string_view words : final_words) {
      if (run_->log().error_contains(words)) throw Refused(reason);
    }
    throw Error(reason);
  }

  const FfmpegOptions& options_;
  const std::string& source_;
  const EventFlag& cancel_;
  std::vector<std::uint8_t> rgb_;
  std::optional<FfmpegRun> run_;
  FrameTimes times_;
};

bool is_address(const std::string& source) {  // scheme://...
  const std::size_t colon = source.find("://");
  if (colon == std::string::npos || colon == 0) return false;
  for (const char character : source.substr(0, colon)) {
    if (std::isalnum(static_cast<unsigned char>(character)) == 0 && character != '+' && character != '-')
      return false;
  }
  return std::isalpha(static_cast<unsigned char>(source.front())) != 0;
}

std::vector<std::string> rtsp_options(RtspTransport transport) {
  switch (transport) {
    case RtspTransport::automatic:
      return {"-rtsp_flags", "prefer_tcp"};  // over UDP, lost packets spoil frames
    case RtspTransport::tcp:
      return {"-rtsp_transport", "tcp"};
    case RtspTransport::udp:
      return {"-rtsp_transport", "udp"};
  }
  return {};
}

std::unique_ptr<FrameSource> open_live(const VideoOptions& video) {
  FfmpegOptions options = ffmpeg_options(video, video.camera_patience);
  options.input = video.source;
  // Several decoder threads would each hold a frame back. Time stamps are the time of day when a frame came.
  options.input_options = {"-threads", "1", "-copyts"};
  options.output_options = {"-flush_packets", "1"};
  std::vector<std::string> more;
  if (is_camera_device(video.source)) {
    struct stat status {};
    if (::stat(video.source.c_str(), &status) == 0) require_readable(video.source);
    more = {"-f", "v4l2", "-timestamps", "abs"};
  } else {
    if (password_fault(video.source) == PasswordFault::certain) {
      throw Error(fmt::format("{}: not a valid address: {}", source_name(video.source), password_advice));
    }
    if (video.source.starts_with("rtsp")) more = rtsp_options(video.rtsp_transport);
    // No frames are held back to guess the rate.
    more.insert(more.end(), {"-use_wallclock_as_timestamps", "1", "-fpsprobesize", "0"});
  }
  options.input_options.insert(options.input_options.end(), more.begin(), more.end());
  const auto shared = std::make_shared<const FfmpegOptions>(std::move(options));
  return make_live_source({.name = source_name(video.source),
                           .open =
                               [shared, source = video.source](const EventFlag& cancel) {
                                 return std::make_unique<FfmpegStream>(*shared, source, cancel);
                               },
                           .wait = wait_for,
                           .stop = video.stop});
}

}  // namespace

const SourceKind live_ffmpeg_kind = {
    [](const std::string& source) { return is_camera_device(source) || is_address(source); }, open_live,
    false};

}  // namespace edge
