// What ffmpeg says on standard error (run with `-loglevel level+info` and the filter showinfo): frame rate,
// frames' time stamps and sizes, and errors.
// One owner, one thread; no errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "engine/operations.h"

namespace edge {

class FfmpegLog {
 public:
  /// Any part of the text, in order.
  void add(std::string_view text);
  /// The text is complete: a last line without newline counts.
  void finish();

  /// Of the first video stream.
  std::optional<double> frames_per_second() const { return frames_per_second_; }
  /// The container states a length: it is a recording, also if it comes from the network.
  bool states_length() const { return states_length_; }
  struct ShownFrame {
    std::optional<std::int64_t> time_stamp;  ///< in the units of the filter's input, if it has one
    std::optional<Extent2d> size;            ///< of the picture that the filter saw
  };
  /// The frame behind the one that was asked for last; empty if it was not shown yet.
  ShownFrame next_frame();

  /// The last error, else the last line, without ffmpeg's prefixes; empty if it said nothing.
  std::string last_error() const;
  /// Lines of them; repeated ones count.
  std::uint64_t error_count() const { return error_count_; }
  /// One of the errors contains `text`.
  bool error_contains(std::string_view text) const { return errors_.find(text) != std::string::npos; }

 private:
  void add_line(std::string_view line);

  static constexpr std::size_t max_line = 4096;  // the rest of a longer one is dropped

  std::string partial_;
  std::string last_line_, last_error_, last_fatal_;
  std::string errors_;  // the last few kilobytes of them
  std::uint64_t error_count_ = 0;
  std::optional<double> frames_per_second_;
  bool states_length_ = false;
  std::deque<ShownFrame> frames_;
};

}  // namespace edge
