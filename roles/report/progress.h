// A progress bar for people at a terminal. One owner, one thread; no errors.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace edge {

/// "frames  ██████▌      120/300  3.5/s  0:51 left", at most `columns` wide. Without `total` (0: unknown)
/// only what is done and its rate; without a rate (per second; not known yet) neither that nor the time left.
std::string progress_line(const std::string& label, std::uint64_t done, std::uint64_t total,
                          std::optional<double> rate, int columns);

/// The same with notes behind it, as many of the first ones as there is room for beside a line without bar.
std::string progress_line(const std::string& label, std::uint64_t done, std::uint64_t total,
                          std::optional<double> rate, const std::vector<std::string>& notes, int columns);

/// Draws on a file descriptor, by default stderr, ten times a second at most. Writes nothing at all if that
/// is not a terminal. The bar stays on one line; call clear() before anything else is written there.
class ProgressBar {
 public:
  /// `label`: what is counted, in ASCII, "frames" or "worker 1 profiles layers". `total` 0: unknown.
  ProgressBar(std::string label, std::uint64_t total, int descriptor = 2);
  ~ProgressBar();  ///< clears
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `notes`: what else is to be shown, the most important first.
  void update(std::uint64_t done, const std::vector<std::string>& notes = {});
  /// Removes the bar; the next update draws it again.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  void write(const std::string& text) const;

  const std::string label_;
  const std::uint64_t total_;
  const int descriptor_;
  const bool terminal_;
  // The rate counts from the first update on: what came before it were preparations.
  std::optional<Clock::time_point> first_at_;
  std::uint64_t first_done_ = 0;
  Clock::time_point drawn_at_{};
  bool visible_ = false;
};

}  // namespace edge
