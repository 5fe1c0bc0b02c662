#include "roles/report/gantt.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "roles/report/table.h"

namespace edge {
namespace {

constexpr std::size_t gantt_name_columns = 10;
constexpr std::size_t chart_columns = 68;

struct Bar {
  double begin = 0;
  double end = 0;
  char mark = ' ';
};

/// Rows in the order of the pipeline: link w is row 2w, worker w row 2w + 1.
using Rows = std::map<int, std::vector<Bar>>;

void add_frame(const GanttFrame& frame, Rows& rows) {
  const char mark = static_cast<char>('0' + frame.frame % 10);
  double sent_at = 0;
  for (const chain::StageReport& stage : frame.stages) {
    if (stage.worker >= 0 && stage.received_at > 0) {
      // A message is under way from when it was encoded; if that is not known, while its bytes came in.
      const double from =
          sent_at > 0 ? std::min(sent_at, stage.received_at) : stage.received_at - stage.receive_s;
      rows[2 * stage.worker].push_back({from, stage.received_at, mark});
      if (stage.compute_s > 0) {
        rows[2 * stage.worker + 1].push_back({stage.compute_at, stage.compute_at + stage.compute_s, mark});
      }
    }
    sent_at = stage.encode_at > 0 ? stage.encode_at + stage.encode_s : 0;
  }
}

std::string draw(const std::vector<Bar>& bars, double begin, double seconds_per_column) {
  std::string line(chart_columns, '.');
  for (const Bar& bar : bars) {
    const auto column = [&](double time) {
      const double position = std::floor((time - begin) / seconds_per_column);
      return static_cast<std::size_t>(std::clamp(position, 0.0, static_cast<double>(chart_columns - 1)));
    };
    std::fill(line.begin() + static_cast<std::ptrdiff_t>(column(bar.begin)),
              line.begin() + static_cast<std::ptrdiff_t>(column(bar.end)) + 1, bar.mark);
  }
  return line;
}

}  // namespace

std::string format_gantt(const std::deque<GanttFrame>& frames) {
  Rows rows;
  for (const GanttFrame& frame : frames) add_frame(frame, rows);
  double begin = std::numeric_limits<double>::infinity();
  double end = -begin;
  for (const auto& [row, bars] : rows) {
    for (const Bar& bar : bars) {
      begin = std::min(begin, bar.begin);
      end = std::max(end, bar.end);
    }
  }
  if (rows.empty() || !(end > begin)) return "";
  const double per_column = (end - begin) / static_cast<double>(chart_columns);
  std::string text =
      fmt::format("\nframes {} to {}, {}; one column is {}\n", frames.front().frame, frames.back().frame,
                  format_seconds(end - begin), format_seconds(per_column));
  for (const auto& [row, bars] : rows) {
    const std::string name = fmt::format("{} {}", row % 2 == 0 ? "link" : "worker", row / 2);
    text += fmt::format("{:<{}}{}\n", name, gantt_name_columns, draw(bars, begin, per_column));
  }
  return text;
}

}  // namespace edge
