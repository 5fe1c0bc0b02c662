// When the stages of the chain worked on the last frames of a run, as text. Pure functions, no errors.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "roles/chain/stage_report.h"

namespace edge {

/// A finished frame's reports, times on one clock. Reports whose `received_at` is 0 (a device whose clock is
/// not known) are left out.
struct GanttFrame {
  std::uint64_t frame = 0;
  std::vector<chain::StageReport> stages;
};

/// One row per link and worker, at most 80 columns, each frame drawn with the last digit of its number.
/// Empty if there is nothing to draw.
std::string format_gantt(const std::deque<GanttFrame>& frames);

}  // namespace edge
