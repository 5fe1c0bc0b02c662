// A progress bar for people at a terminal.
#include "roles/report/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "roles/report/log_sink.h"

namespace edge {
namespace {

constexpr std::chrono::milliseconds least_interval{100};
constexpr std::uint64_t least_steps = 3;  // of which a rate says something
constexpr int widest_bar = 40;
constexpr int narrowest_bar = 5;

int columns_of_terminal(int descriptor) {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// In eighths of a character.
std::string bar(double share, int columns) {
  constexpr std::array<std::string_view, 8> parts{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(share * columns * 8));
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) {
    text += "█";
  }
  text += parts[static_cast<std::size_t>(eighths % 8)];
  const int drawn = (eighths + 7) / 8;
  return text.append(static_cast<std::size_t>(columns - drawn), ' ');
}

/// "0:51", "1:02:03".
std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::min(seconds, 1e9));
  return whole < 3600 ? fmt::format("{}:{:02}", whole / 60, whole % 60)
                      : fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

/// Columns of UTF-8 text without wide characters.
int width(std::string_view text) {
  return static_cast<int>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string progress_line(const std::string& label, std::uint64_t done, std::uint64_t total,
                          std::optional<double> rate, const std::vector<std::string>& notes, int columns) {
  std::string behind;
  const int least = width(progress_line(label, done, total, rate, std::numeric_limits<int>::max() / 2)) -
                    (total == 0 ? 0 : widest_bar - narrowest_bar);
  for (const std::string& note : notes) {
    if (least + width(behind) + 2 + width(note) > columns) break;
    behind += "  " + note;
  }
  return progress_line(label, done, total, rate, columns - width(behind)) + behind;
}

std::string progress_line(const std::string& label, std::uint64_t done, std::uint64_t total,
                          std::optional<double> rate, int columns) {
  const std::string rate_text = rate ? fmt::format("  {:.1f}/s", *rate) : "";
  if (total == 0) {
    const std::string line = fmt::format("{}  {}{}", label, done, rate_text);
    return line.substr(0, static_cast<std::size_t>(std::max(columns, 0)));
  }
  done = std::min(done, total);
  std::string rest = fmt::format("  {}/{}{}", done, total, rate_text);
  if (rate.value_or(0) > 0) {
    rest += fmt::format("  {} left", clock_text(static_cast<double>(total - done) / *rate));
  }
  const int room = columns - static_cast<int>(label.size() + rest.size()) - 2;
  if (room < narrowest_bar) {
    return (label + rest).substr(0, static_cast<std::size_t>(std::max(columns, 0)));
  }
  const double share = static_cast<double>(done) / static_cast<double>(total);
  return label + "  " + bar(share, std::min(room, widest_bar)) + rest;
}

ProgressBar::ProgressBar(std::string label, std::uint64_t total, int descriptor)
    : label_(std::move(label)),
      total_(total),
      descriptor_(descriptor),
      terminal_(is_live_terminal(descriptor)) {}

ProgressBar::~ProgressBar() {
  clear();
}

void ProgressBar::update(std::uint64_t done, const std::vector<std::string>& notes) {
  const Clock::time_point now = Clock::now();
  if (!first_at_) {
    first_at_ = now;
    first_done_ = done;
  }
  if (!terminal_ || (visible_ && done != total_ && now - drawn_at_ < least_interval)) {
    return;
  }
  const double elapsed_s = std::chrono::duration<double>(now - *first_at_).count();
  const std::uint64_t since = done - std::min(done, first_done_);
  std::optional<double> rate;
  if (since >= least_steps && elapsed_s > 0) rate = static_cast<double>(since) / elapsed_s;
  // One column stays free: a full line makes some terminals wrap.
  const int columns = columns_of_terminal(descriptor_) - 1;
  write(std::string(erase_line) + progress_line(label_, done, total_, rate, notes, columns));
  drawn_at_ = now;
  visible_ = true;
}

void ProgressBar::clear() {
  if (std::exchange(visible_, false)) {
    write(std::string(erase_line));
  }
}

void ProgressBar::write(const std::string& text) const {
  // A bar that cannot be drawn is no reason to stop anything.
  [[maybe_unused]] const ssize_t written = ::write(descriptor_, text.data(), text.size());
}

}  // namespace edge
