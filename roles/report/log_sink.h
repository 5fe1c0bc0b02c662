// Where log lines go: standard error. Thread-safe.
#pragma once

#include <spdlog/sinks/sink.h>

#include <memory>
#include <string_view>

namespace edge {

/// To the left margin, and away with what stands in the line; for terminals only.
inline constexpr std::string_view erase_line = "\r\x1b[K";

/// Each line is one write, so that lines of several processes do not mix. On a terminal it first erases what
/// stands in the cursor's line, a progress bar (of this or another process: the next update draws it below),
/// and has colours unless NO_COLOR is set or TERM is "dumb". Elsewhere there are no escape codes.
std::shared_ptr<spdlog::sinks::sink> make_log_sink(int descriptor = 2);

/// Whether escape codes may be written there: a terminal, and not a dumb one.
bool is_live_terminal(int descriptor);

}  // namespace edge
