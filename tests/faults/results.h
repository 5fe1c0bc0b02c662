// The lines that a master writes, as they come. One thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace edge::faults {

class Results {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// From a descriptor that does not block, or from a file that grows.
  explicit Results(int descriptor) : descriptor_(descriptor) {}
  ~Results();
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  /// Takes what is there.
  void read();
  std::size_t count() const { return lines_.size(); }
  TimePoint last() const { return times_.empty() ? TimePoint() : times_.back(); }
  /// When the first line came at or after this; nothing came: max().
  TimePoint first_after(TimePoint time) const;

  struct Judgement {
    int lost = 0, doubled = 0, wrong = 0, unreadable = 0;
  };
  /// Of frames 0 to `frames` - 1, which have these checksums, again and again.
  Judgement judge(int frames, const std::vector<std::string>& checksums) const;
  /// Whether something was written behind the last whole line.
  bool ends_within_a_line() const { return !rest_.empty(); }

 private:
  const int descriptor_;
  std::string rest_;
  std::vector<std::string> lines_;
  std::vector<TimePoint> times_;
};

}  // namespace edge::faults
