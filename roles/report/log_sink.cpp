#include "roles/report/log_sink.h"

#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>

namespace edge {
namespace {

constexpr std::string_view no_colour = "\x1b[m";

std::string_view colour(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::info:
      return "\x1b[32m";
    case spdlog::level::warn:
      return "\x1b[33m\x1b[1m";
    case spdlog::level::err:
    case spdlog::level::critical:
      return "\x1b[31m\x1b[1m";
    default:
      return "\x1b[36m";
  }
}

class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogSink(int descriptor)
      : descriptor_(descriptor),
        terminal_(is_live_terminal(descriptor)),
        colours_(terminal_ && (std::getenv("NO_COLOR") == nullptr || *std::getenv("NO_COLOR") == '\0')) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t buffer;
    message.color_range_start = message.color_range_end = 0;
    formatter_->format(message, buffer);
    const std::string_view line(buffer.data(), buffer.size());
    std::string text(terminal_ ? erase_line : "");
    if (colours_ && message.color_range_end > message.color_range_start) {
      text += line.substr(0, message.color_range_start);
      text += colour(message.level);
      text += line.substr(message.color_range_start, message.color_range_end - message.color_range_start);
      text += no_colour;
      text += line.substr(message.color_range_end);
    } else {
      text += line;
    }
    write(text);
  }
  void flush_() override {}

  /// A log that cannot be written is no reason to stop anything.
  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  const int descriptor_;
  const bool terminal_;
  const bool colours_;
};

}  // namespace

bool is_live_terminal(int descriptor) {
  const char* name = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && (name == nullptr || std::string_view(name) != "dumb");
}

std::shared_ptr<spdlog::sinks::sink> make_log_sink(int descriptor) {
  return std::make_shared<LogSink>(descriptor);
}

}  // namespace edge
