#include "roles/video/ffmpeg_log.h"

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

// "  Duration: 00:01:30.21, start: ..." to seconds
std::optional<double> parse_duration(std::string_view line) {
  constexpr std::string_view label = "Duration: ";
  const std::size_t at = line.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = line.substr(at + label.size());
  rest = rest.substr(0, rest.find(','));
  double seconds = 0;
  for (int part = 0; part < 3; ++part) {
    const std::string_view text = rest.substr(0, rest.find(':'));
    const auto value = parse_number(text);
    if (!value) return std::nullopt;  // "N/A"
    seconds = seconds * 60 + *value;
    rest.remove_prefix(text.size() == rest.size() ? text.size() : text.size() + 1);
  }
  return seconds;
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
  if (!frames_per_second_) frames_per_second_ = parse_rate(line);
  if (!seconds_) seconds_ = parse_duration(line);
  last_line_ = strip_prefixes(line);
  const bool error = line.find("[error] ") != std::string_view::npos;
  const bool fatal = line.find("[fatal] ") != std::string_view::npos;
  if (!error && !fatal) return;
  (error ? last_error_ : last_fatal_) = last_line_;
  constexpr std::size_t kept = 16384;
  if (errors_.size() > kept) errors_.erase(0, errors_.size() - kept / 2);
  errors_.append(last_line_).append("\n");
}

std::optional<double> FfmpegLog::expected_frames() const {
  if (!frames_per_second_ || !seconds_) return std::nullopt;
  return *frames_per_second_ * *seconds_;
}

std::string FfmpegLog::last_error() const {
  if (!last_error_.empty()) return last_error_;
  return last_fatal_.empty() ? last_line_ : last_fatal_;
}

}  // namespace edge
