#include "roles/video/ffmpeg_run.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "engine/error.h"
#include "roles/video/source_name.h"

namespace edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The option's name since ffmpeg 5.1, and before.
constexpr std::array<const char*, 2> rate_options = {"-fps_mode", "-vsync"};

const char* pixel_format(const FfmpegOptions& options) {
  return options.framing.channels == ChannelOrder::rgb ? "rgb24" : "bgr24";
}

// The same arithmetic as place(). Detectors are trained on pictures that were scaled bilinearly.
std::string proportional(const FfmpegOptions& options, const char* choose) {
  const std::string scale = fmt::format("{}({}/iw,{}/ih)", choose, options.columns, options.rows);
  return fmt::format(
      "scale=w='max(1,round(iw*{0}))':h='max(1,round(ih*{0}))':"
      "flags=bilinear+accurate_rnd+full_chroma_int,format={1}",
      scale, pixel_format(options));
}

std::string fitting(const FfmpegOptions& options) {
  const auto [red, green, blue] = options.framing.pad;
  switch (options.framing.fit) {
    case Fit::letterbox:
      return fmt::format("{},pad={}:{}:x='floor((ow-iw)/2)':y='floor((oh-ih)/2)':color=0x{:02x}{:02x}{:02x}",
                         proportional(options, "min"), options.columns, options.rows, red, green, blue);
    case Fit::crop:
      return fmt::format("{},crop={}:{}:x='ceil((iw-ow)/2)':y='ceil((ih-oh)/2)'",
                         proportional(options, "max"), options.columns, options.rows);
    case Fit::stretch:
      break;
  }
  return fmt::format("scale={}:{}:flags=bicubic+accurate_rnd+full_chroma_int,format={}", options.columns,
                     options.rows, pixel_format(options));
}

// One step from the decoder's pixels to RGB, chroma at full resolution; the parts of a stream whose size
// changes then give what they give on their own. showinfo sees the pictures as they are, turned upright; the
// time stamps that it tells are in microseconds.
std::string filters(const FfmpegOptions& options) {
  return "settb=1/1000000,showinfo=checksum=0," + fitting(options);
}

}  // namespace

FfmpegOptions ffmpeg_options(const VideoOptions& video, milliseconds silence_limit) {
  FfmpegOptions options;
  options.command = video.ffmpeg;
  options.rows = video.rows;
  options.columns = video.columns;
  options.framing = video.framing;
  options.silence_limit = silence_limit;
  return options;
}

std::size_t frame_bytes(const FfmpegOptions& options) {
  return static_cast<std::size_t>(3 * options.rows * options.columns);
}

std::string nothing_came(const FfmpegOptions& options) {
  return "nothing came for " + std::to_string(options.silence_limit.count() / 1000) + " s";
}

void require_readable(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || ::access(path.c_str(), R_OK) != 0) {
    throw Error(source_name(path) + ": cannot open: " + std::generic_category().message(errno));
  }
  if (S_ISDIR(status.st_mode)) throw Error(source_name(path) + ": is a directory, not a video");
}

FfmpegRun::FfmpegRun(FfmpegOptions options)
    : options_(std::move(options)), rate_option_(rate_options.front()) {
  start();
}

void FfmpegRun::start() {
  std::vector<std::string> arguments = {options_.command, "-hide_banner", "-nostdin",
                                        "-nostats",       "-loglevel",    "level+info"};
  arguments.insert(arguments.end(), options_.input_options.begin(), options_.input_options.end());
  // Every decoded frame exactly once, whatever its time stamp.
  arguments.insert(arguments.end(), {"-i", options_.input, "-an", "-sn", "-dn", rate_option_, "passthrough",
                                     "-vf", filters(options_), "-pix_fmt", pixel_format(options_)});
  arguments.insert(arguments.end(), options_.output_options.begin(), options_.output_options.end());
  arguments.insert(arguments.end(), {"-f", "rawvideo", "pipe:1"});
  log_ = FfmpegLog();
  errors_open_ = true;
  child_.reset();
  try {
    child_ = std::make_unique<ChildProcess>(ChildProcess::Options{.arguments = std::move(arguments)});
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::no_such_file_or_directory) {
      throw Error(options_.command +
                  " not found: install the package ffmpeg, or use a .y4m file or synthetic:...");
    }
    throw Error("cannot start " + options_.command + ": " + error.code().message());
  }
}

FfmpegRun::Outcome FfmpegRun::read(std::span<std::uint8_t> rgb, const EventFlag& cancel) {
  Outcome outcome = fill(rgb, cancel);
  if (outcome == Outcome::end && frames_ == 0 && rate_option_ != rate_options.back() &&
      log_.error_contains("Unrecognized option")) {
    rate_option_ = rate_options.back();
    start();
    outcome = fill(rgb, cancel);
  }
  if (outcome == Outcome::frame) {
    ++frames_;
    read_errors();  // showinfo has told its time stamp before the frame came
    const FfmpegLog::ShownFrame shown = log_.next_frame();
    time_us_ = shown.time_stamp;
    if (shown.size) picture_ = shown.size;
  }
  return outcome;
}

Placement FfmpegRun::placement() const {
  const Extent2d frame{options_.rows, options_.columns};
  return place(options_.framing.fit, picture_.value_or(frame), frame);
}

FfmpegRun::Outcome FfmpegRun::fill(std::span<std::uint8_t> rgb, const EventFlag& cancel) {
  filled_ = 0;
  steady_clock::time_point deadline = steady_clock::now() + options_.silence_limit;
  while (filled_ < rgb.size()) {
    std::array<pollfd, 3> polled = {pollfd{child_->output(), POLLIN, 0},
                                    pollfd{cancel.descriptor(), POLLIN, 0},
                                    pollfd{errors_open_ ? child_->errors() : -1, POLLIN, 0}};
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(std::max(left.count(), {})));
    if (cancel.is_set()) return Outcome::cancelled;
    if (ready > 0 && polled[2].revents != 0) read_errors();
    if (ready <= 0 || polled[0].revents == 0) {
      if (steady_clock::now() >= deadline) return Outcome::silent;
      continue;
    }
    const ssize_t count = ::read(child_->output(), rgb.data() + filled_, rgb.size() - filled_);
    if (count == 0) {
      read_errors();
      return Outcome::end;
    }
    if (count > 0) {
      filled_ += static_cast<std::size_t>(count);
      deadline = steady_clock::now() + options_.silence_limit;
    } else if (errno != EAGAIN && errno != EINTR) {
      throw Error("cannot read from " + options_.command + ": " + std::generic_category().message(errno));
    }
  }
  return Outcome::frame;
}

void FfmpegRun::read_errors() {
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

FfmpegRun::End FfmpegRun::finish() {
  constexpr milliseconds patience(1000);
  std::optional<int> status = child_->wait(patience);
  if (!status) {
    child_->kill();
    status = child_->wait(patience);
  }
  read_errors();
  log_.finish();
  // ffmpeg conceals a file's missing end: it says so, but exits with 0.
  const bool cut_short = log_.error_contains("partial file") || log_.error_contains("ended prematurely");
  const bool complete = status == 0 && frames_ > 0 && filled_ == 0 && !cut_short;
  return {.complete = complete, .reason = complete ? "" : reason(status)};
}

std::string FfmpegRun::reason(const std::optional<int>& status) const {
  const bool clean = status == 0;
  if (frames_ > 0 || filled_ > 0) {
    if (clean) {
      return (filled_ > 0 ? "ffmpeg ended in the middle of a frame" : "the video is broken") + last_words();
    }
    return (status ? "ffmpeg ended with " + describe_exit(*status) : "the video is broken") + last_words();
  }
  if (log_.error_contains("does not contain any stream")) return "has no video stream";
  if (log_.error_contains("Invalid data found when processing input")) {
    return "is not a video that ffmpeg can read" + last_words();
  }
  if (clean || !status) return "has no frames" + last_words();
  return "ffmpeg cannot read it, " + describe_exit(*status) + last_words();
}

std::string FfmpegRun::last_words() const {
  const std::string words = log_.last_error();
  return words.empty() ? "" : " (" + words + ")";
}

}  // namespace edge
