// One run of ffmpeg: a child process that decodes, scales and hands out frames with their time stamps.
// One owner, one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "roles/process/child_process.h"
#include "roles/process/event_flag.h"
#include "roles/video/ffmpeg_log.h"
#include "roles/video/frame_source.h"

namespace edge {

struct FfmpegOptions {
  std::string command = "ffmpeg";
  std::string input;  ///< what ffmpeg opens: "file:PATH", "rtsp://...", "/dev/video0"; never begins with '-'
  std::vector<std::string> input_options = {};
  std::vector<std::string> output_options = {};
  std::int64_t rows = 0, columns = 0;
  Framing framing = {};
  /// Nothing may come for so long before a run counts as silent.
  std::chrono::milliseconds silence_limit{60000};
};

/// What all runs for `video` have in common.
FfmpegOptions ffmpeg_options(const VideoOptions& video, std::chrono::milliseconds silence_limit);
/// Bytes of what ffmpeg says that are passed on.
constexpr std::size_t longest_words = 400;
/// Of an RGB24 frame.
std::size_t frame_bytes(const FfmpegOptions& options);
/// "nothing came for 30 s": what FfmpegRun::Outcome::silent means.
std::string nothing_came(const FfmpegOptions& options);
/// Throws Error with the path's name: missing, not readable, a directory.
void require_readable(const std::string& path);

class FfmpegRun {
 public:
  enum class Outcome : std::uint8_t { frame, cancelled, silent, end };

  /// Starts ffmpeg. Throws Error without the source's name: no such program.
  explicit FfmpegRun(FfmpegOptions options);

  /// Waits for a whole frame, its three channels interleaved in the order of options.framing, and copies it
  /// into `rgb` (rows * columns * 3 bytes); or until `cancel` is set, nothing comes for too long, or ffmpeg
  /// closes its output. Throws Error.
  Outcome read(std::span<std::uint8_t> rgb, const EventFlag& cancel);
  /// Of the frame that was read last: microseconds, if it has a time stamp.
  std::optional<std::int64_t> time_us() const { return time_us_; }
  /// Of the same frame.
  Placement placement() const;
  std::uint64_t frames() const { return frames_; }

  /// How ffmpeg ended; call it behind Outcome::end.
  struct End {
    bool complete;       ///< it says that it decoded all there was, and no file ended early
    std::string reason;  ///< if not: what was wrong, in ffmpeg's words, one line that may contain the address
  };
  End finish();

  const FfmpegLog& log() const { return log_; }

 private:
  void start();
  Outcome fill(std::span<std::uint8_t> rgb, const EventFlag& cancel);
  void read_errors();
  std::string reason(const std::optional<int>& status) const;
  std::string last_words() const;

  FfmpegOptions options_;
  const char* rate_option_;
  std::unique_ptr<ChildProcess> child_;
  FfmpegLog log_;
  bool errors_open_ = false;  // ffmpeg has not closed its standard error
  std::size_t filled_ = 0;    // bytes of the frame that is being read
  std::uint64_t frames_ = 0;
  std::optional<std::int64_t> time_us_;
  std::optional<Extent2d> picture_;  // the size of the picture that the frame shows
};

}  // namespace edge
