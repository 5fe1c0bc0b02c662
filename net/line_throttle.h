// Lines that anybody who reaches our port can have us write: told, but not as often as they like. One thread
// at a time; no errors.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace edge::net {

class LineThrottle {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// A line like this is not told twice within a minute, and of different ones at most ten within ten
  /// seconds.
  static constexpr std::chrono::seconds same{60};
  static constexpr std::chrono::seconds period{10};
  static constexpr std::size_t lines_per_period = 10;

  /// Whether `line` is to be written: nothing, or how many lines were left out since the last that was.
  std::optional<std::uint64_t> admit(const std::string& line, TimePoint now);

 private:
  std::map<std::string, TimePoint> told_;  ///< within the last minute
  TimePoint period_begin_ = {};
  std::size_t in_period_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace edge::net
