// What ffmpeg says on standard error (run with `-loglevel level+info`): frame rate, length and errors.
// One owner, one thread; no errors.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace edge {

class FfmpegLog {
 public:
  /// Any part of the text, in order.
  void add(std::string_view text);
  /// The text is complete: a last line without newline counts.
  void finish();

  /// Of the first video stream.
  std::optional<double> frames_per_second() const { return frames_per_second_; }
  /// The length that the container states, times the frame rate.
  std::optional<double> expected_frames() const;

  /// The last error, else the last line, without ffmpeg's prefixes; empty if it said nothing.
  std::string last_error() const;
  bool has_errors() const { return !last_error_.empty(); }
  /// One of the errors contains `text`.
  bool error_contains(std::string_view text) const { return errors_.find(text) != std::string::npos; }

 private:
  void add_line(std::string_view line);

  static constexpr std::size_t max_line = 4096;  // the rest of a longer one is dropped

  std::string partial_;
  std::string last_line_, last_error_, last_fatal_;
  std::string errors_;  // the last few kilobytes of them
  std::optional<double> frames_per_second_, seconds_;
};

}  // namespace edge
