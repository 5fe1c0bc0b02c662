#include "roles/video/ffmpeg_log.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace edge {
namespace {

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// "  Stream #0:0[0x1](und): Video: h264 (High), yuv420p, 720x480, 55 kb/s, 12.50 fps, 12.50 tbr, ..."
std::optional<double> parse_rate(std::string_view line) {
  if (line.find("Stream #") == std::string_view::npos || line.find(": Video: ") == std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t unit = line.find(" fps");
  if (unit == std::string_view::npos || unit == 0) return std::nullopt;
  const std::size_t begin = line.find_last_of(' ', unit - 1);
  if (begin == std::string_view::npos) return std::nullopt;
  std::string_view number = line.substr(begin + 1, unit - begin - 1);
  double scale = 1;
  if (number.ends_with('k')) {
    number.remove_suffix(1);
    scale = 1000;
  }
  const auto value = parse_number(number);
  if (!value || *value <= 0) return std::nullopt;
  return *value * scale;
}

// "  Duration: 00:01:30.21, start: ...", but not "  Duration: N/A, ..."
bool names_a_length(std::string_view line) {
  constexpr std::string_view label = "Duration: ";
  const std::size_t at = line.find(label);
  if (at == std::string_view::npos || at + label.size() == line.size()) return false;
  const char first = line[at + label.size()];
  return first >= '0' && first <= '9';
}

/// The integer behind `label`, with or without spaces in front of it.
std::optional<std::int64_t> integer_behind(std::string_view line, std::string_view label) {
  const std::size_t at = line.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view number = line.substr(at + label.size());
  number.remove_prefix(std::min(number.find_first_not_of(' '), number.size()));
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

// " s:720x480 i:P ..." to 480 rows, 720 columns.
std::optional<Extent2d> parse_size(std::string_view line) {
  constexpr std::string_view label = " s:";
  constexpr std::int64_t most = 1 << 20;  // ffmpeg takes no picture that is longer
  const std::size_t at = line.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view size = line.substr(at);
  const std::optional<std::int64_t> columns = integer_behind(size, label);
  const std::optional<std::int64_t> rows = integer_behind(size, "x");
  if (!rows || !columns || *rows < 1 || *columns < 1 || *rows > most || *columns > most) return std::nullopt;
  return Extent2d{*rows, *columns};
}

// "[Parsed_showinfo_1 @ 0x5566] [info] n:  12 pts:1200000 pts_time:1.2 ... s:720x480 ..."; nothing if the
// line is not about a frame. A frame without a time stamp has "pts:NOPTS".
std::optional<FfmpegLog::ShownFrame> parse_frame(std::string_view line) {
  constexpr std::string_view frame = "] n:", stamp = " pts:";
  const std::size_t at = line.find(frame);
  if (at == std::string_view::npos || line.find(stamp, at) == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at);
  return FfmpegLog::ShownFrame{.time_stamp = integer_behind(line, stamp), .size = parse_size(line)};
}

// "[h264 @ 0x55ffc392cbc0] [error] text" to "text"
std::string_view strip_prefixes(std::string_view line) {
  while (line.starts_with('[')) {
    const std::size_t end = line.find("] ");
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 2);
  }
  return line;
}

}  // namespace

void FfmpegLog::add(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    const std::string_view part = text.substr(0, end);
    partial_.append(part.substr(0, max_line - partial_.size()));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
    add_line(partial_);
    partial_.clear();
  }
}

void FfmpegLog::finish() {
  add_line(partial_);
  partial_.clear();
}

void FfmpegLog::add_line(std::string_view line) {
  if (line.empty()) return;
  if (line.starts_with("[Parsed_showinfo")) {
    if (const std::optional<ShownFrame> frame = parse_frame(line)) frames_.push_back(*frame);
    if (line.find("[error] ") == std::string_view::npos) return;  // lines of two threads may run together
  }
  if (!frames_per_second_) frames_per_second_ = parse_rate(line);
  states_length_ = states_length_ || names_a_length(line);
  last_line_ = strip_prefixes(line);
  constexpr std::string_view error_mark = "[error] ", fatal_mark = "[fatal] ";
  const std::size_t error = line.rfind(error_mark), fatal = line.rfind(fatal_mark);
  if (error == std::string_view::npos && fatal == std::string_view::npos) return;
  // About frames with one time stamp, from the raw output, which has none.
  if (line.find("non monotonically increasing dts to muxer") != std::string_view::npos) return;
  if (error != std::string_view::npos) {
    last_error_ = last_line_ = line.substr(error + error_mark.size());
  } else {
    last_fatal_ = last_line_ = line.substr(fatal + fatal_mark.size());
  }
  ++error_count_;
  constexpr std::size_t kept = 16384;
  if (errors_.size() > kept) errors_.erase(0, errors_.size() - kept / 2);
  errors_.append(last_line_).append("\n");
}

FfmpegLog::ShownFrame FfmpegLog::next_frame() {
  if (frames_.empty()) return {};
  const ShownFrame next = frames_.front();
  frames_.pop_front();
  return next;
}

std::string FfmpegLog::last_error() const {
  if (!last_error_.empty()) return last_error_;
  return last_fatal_.empty() ? last_line_ : last_fatal_;
}

}  // namespace edge
