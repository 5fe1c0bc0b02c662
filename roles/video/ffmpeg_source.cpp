#include "roles/video/ffmpeg_source.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

#include "engine/error.h"
#include "roles/video/cancel_event.h"
#include "roles/video/ffmpeg_log.h"
#include "roles/video/piped_process.h"
#include "roles/video/planar_frame.h"
#include "roles/video/source_kind.h"

namespace edge {
namespace {

using std::chrono::milliseconds;

class FfmpegSource final : public FrameSource {
 public:
  explicit FfmpegSource(FfmpegOptions options)
      : options_(std::move(options)), rgb_(static_cast<std::size_t>(3 * options_.rows * options_.columns)) {
    if (!options_.live) first_ = read_frame();
  }

  std::optional<net::Elements> next() override {
    if (first_) return std::exchange(first_, std::nullopt);
    return read_frame();
  }
  std::optional<double> frames_per_second() const override { return log_.frames_per_second(); }
  bool live() const override { return options_.live; }
  void cancel() override { cancel_.set(); }

 private:
  enum class Outcome : std::uint8_t { frame, cancelled, end };

  std::optional<net::Elements> read_frame() {
    if (ended_ || cancel_.is_set()) return std::nullopt;
    ended_ = true;  // unless a whole frame comes
    if (!child_) start();
    Outcome outcome = fill();
    if (outcome == Outcome::end && frames_ == 0 && rate_option_ != rate_options.back() &&
        log_.error_contains("Unrecognized option")) {
      rate_option_ = rate_options.back();
      start();
      outcome = fill();
    }
    if (outcome == Outcome::cancelled) return std::nullopt;
    if (outcome == Outcome::end) {
      finish();
      return std::nullopt;
    }
    ended_ = false;
    ++frames_;
    return frame_from_rgb24(rgb_.data(), options_.rows, options_.columns);
  }

  void start() {
    std::vector<std::string> arguments = {options_.command, "-hide_banner", "-nostdin",
                                          "-nostats",       "-loglevel",    "level+info"};
    arguments.insert(arguments.end(), options_.input_options.begin(), options_.input_options.end());
    // Every decoded frame exactly once, whatever its time stamp.
    const std::string scale =
        "scale=" + std::to_string(options_.columns) + ":" + std::to_string(options_.rows);
    arguments.insert(arguments.end(), {"-i", options_.input, "-an", "-sn", "-dn", rate_option_, "passthrough",
                                       "-vf", scale, "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1"});
    log_ = FfmpegLog();
    filled_ = 0;
    errors_open_ = true;
    child_.reset();
    try {
      child_ = std::make_unique<PipedProcess>(std::move(arguments));
    } catch (const std::system_error& error) {
      if (error.code() == std::errc::no_such_file_or_directory) {
        throw Error(options_.name + ": " + options_.command +
                    " not found: install the package ffmpeg, or use a .y4m file or synthetic:...");
      }
      throw Error(options_.name + ": cannot start " + options_.command + ": " + error.code().message());
    }
  }

  // Reads into rgb_ until it is full or ffmpeg closes its output.
  Outcome fill() {
    filled_ = 0;
    while (filled_ < rgb_.size()) {
      const bool readable = wait_for_data();
      if (cancel_.is_set()) return Outcome::cancelled;
      if (!readable) continue;
      const ssize_t count = ::read(child_->output(), rgb_.data() + filled_, rgb_.size() - filled_);
      if (count == 0) return Outcome::end;
      if (count > 0) {
        filled_ += static_cast<std::size_t>(count);
      } else if (errno != EAGAIN && errno != EINTR) {
        throw Error(options_.name + ": cannot read from " + options_.command + ": " +
                    std::generic_category().message(errno));
      }
    }
    return Outcome::frame;
  }

  // Waits until the output is readable or closed (true) or something else happened.
  bool wait_for_data() {
    std::array<pollfd, 3> polled = {pollfd{child_->output(), POLLIN, 0},
                                    pollfd{cancel_.descriptor(), POLLIN, 0},
                                    pollfd{errors_open_ ? child_->errors() : -1, POLLIN, 0}};
    const bool limited = options_.live && options_.silence_limit.count() > 0;
    const int limit = limited ? static_cast<int>(options_.silence_limit.count()) : -1;
    const int ready = ::poll(polled.data(), polled.size(), limit);
    if (ready == 0) {
      throw Error(options_.name + ": nothing came for " +
                  std::to_string(options_.silence_limit.count() / 1000) + " s (after " +
                  std::to_string(frames_) + " frames); is the camera on?");
    }
    if (ready < 0) return false;  // EINTR
    if (polled[2].revents != 0) read_errors();
    return polled[0].revents != 0;
  }

  void read_errors() {
    std::array<char, 4096> text;
    while (errors_open_) {
      const ssize_t count = ::read(child_->errors(), text.data(), text.size());
      if (count > 0) {
        log_.add({text.data(), static_cast<std::size_t>(count)});
      } else if (count == 0) {
        errors_open_ = false;
      } else if (errno != EINTR) {
        return;
      }
    }
  }

  // ffmpeg closed its output. Throws unless that was a proper end.
  void finish() {
    constexpr milliseconds patience(1000);
    std::optional<int> status = child_->wait(patience);
    if (!status) {
      child_->kill();
      status = child_->wait(patience);
    }
    read_errors();
    log_.finish();
    const bool clean = status == 0;
    if (frames_ == 0 && filled_ == 0) throw Error(options_.name + ": " + no_frames_reason(clean, status));
    if (clean && filled_ == 0 && !cut_short()) return;
    std::string how =
        status && !clean ? "ffmpeg ended with " + describe_exit(*status) : "the video is broken";
    if (filled_ != 0 && clean) how = "ffmpeg ended in the middle of a frame";
    throw Error(options_.name + ": broken after " + std::to_string(frames_) + " frames: " + how +
                last_words());
  }

  std::string no_frames_reason(bool clean, const std::optional<int>& status) const {
    if (log_.error_contains("does not contain any stream")) return "has no video stream";
    if (log_.error_contains("Invalid data found when processing input")) {
      return "is not a video that ffmpeg can read" + last_words();
    }
    if (clean || !status) return "has no frames" + last_words();
    return "ffmpeg cannot read it, " + describe_exit(*status) + last_words();
  }

  std::string last_words() const {
    const std::string words = log_.last_error();
    return words.empty() ? "" : " (" + words + ")";
  }

  // ffmpeg conceals a file's missing end: it says so, but exits with 0.
  bool cut_short() const {
    if (options_.live || !log_.has_errors()) return false;
    if (log_.error_contains("partial file") || log_.error_contains("ended prematurely")) return true;
    const auto expected = log_.expected_frames();
    constexpr double tolerated = 0.95;  // stated rates and lengths are rounded, and some frames are not shown
    return expected && static_cast<double>(frames_) < *expected * tolerated - 1;
  }

  // The option's name since ffmpeg 5.1, and before.
  static constexpr std::array<const char*, 2> rate_options = {"-fps_mode", "-vsync"};

  FfmpegOptions options_;
  CancelEvent cancel_;
  const char* rate_option_ = rate_options.front();
  std::unique_ptr<PipedProcess> child_;
  FfmpegLog log_;
  bool errors_open_ = false;  // ffmpeg has not closed its standard error
  std::vector<std::uint8_t> rgb_;
  std::size_t filled_ = 0;  // bytes of rgb_
  std::int64_t frames_ = 0;
  bool ended_ = false;
  std::optional<net::Elements> first_;
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

bool is_camera(const std::string& source) {
  return source.starts_with("/dev/video");
}

FfmpegOptions common_options(const VideoOptions& video) {
  FfmpegOptions options;
  options.command = video.ffmpeg;
  options.name = video.source;
  options.rows = video.rows;
  options.columns = video.columns;
  return options;
}

void require_present(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || ::access(path.c_str(), R_OK) != 0) {
    throw Error(path + ": cannot open: " + std::generic_category().message(errno));
  }
  if (S_ISDIR(status.st_mode)) throw Error(path + ": is a directory, not a video");
}

std::unique_ptr<FrameSource> open_live(const VideoOptions& video) {
  FfmpegOptions options = common_options(video);
  options.input = video.source;
  options.live = true;
  options.silence_limit = std::chrono::seconds(30);
  if (is_camera(video.source)) {
    require_present(video.source);
    options.input_options = {"-f", "v4l2"};
  } else if (video.source.starts_with("rtsp")) {
    options.input_options = {"-rtsp_transport", "tcp"};  // over UDP, lost packets spoil frames
  }
  return make_ffmpeg_source(std::move(options));
}

std::unique_ptr<FrameSource> open_ffmpeg_file(const VideoOptions& video) {
  require_present(video.source);
  FfmpegOptions options = common_options(video);
  options.input = "file:" + video.source;  // neither an option nor another protocol, whatever it is called
  return make_ffmpeg_source(std::move(options));
}

}  // namespace

std::unique_ptr<FrameSource> make_ffmpeg_source(FfmpegOptions options) {
  return std::make_unique<FfmpegSource>(std::move(options));
}

const SourceKind live_ffmpeg_kind = {
    [](const std::string& source) { return is_camera(source) || is_address(source); }, open_live, false};

const SourceKind ffmpeg_file_kind = {[](const std::string& source) { return !source.empty(); },
                                     open_ffmpeg_file, true};

}  // namespace edge
