// What the user sees of a run: JSON lines, a progress bar, the final table.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "roles/config/config.h"
#include "roles/line_output.h"
#include "roles/master/frame_under_way.h"
#include "roles/model.h"
#include "roles/report/device_load.h"
#include "roles/report/frame_record.h"
#include "roles/report/json_line.h"
#include "roles/report/planning_summary.h"
#include "roles/report/progress.h"
#include "roles/report/run_statistics.h"

namespace edge {

/// One owner, one thread. Throws Error if the lines cannot be written, ClosedPipe if nobody reads them any
/// more.
class FrameOutput {
 public:
  /// `started`: second 0 of the run. `instance`: the master's, which names the run. `object_labels`: names of
  /// the classes of objects; outlives this, as all else does.
  FrameOutput(const Config& config, const Model& model, LineOutput& lines,
              std::chrono::steady_clock::time_point started, std::uint64_t instance,
              const Labels* object_labels = nullptr);

  /// Writes the frame's JSON line (not to a terminal), updates the bar. Frames come in order.
  void write(const FrameUnderWay& frame);
  /// The source has dropped so many frames so far.
  void set_dropped(std::uint64_t frames) { statistics_.dropped_frames = frames; }
  void count_check(bool missed);
  /// How frames that were right agree: "bit for bit".
  void set_agreement(std::string how) { statistics_.agreement = std::move(how); }
  /// Something else is about to be written to the terminal.
  void clear_progress() { progress_.clear(); }
  /// The final table, on stderr.
  void print_table(const PlanningSummary& planning);

 private:
  FrameRecord record(const FrameUnderWay& frame) const;
  FrameResult shown(const chain::Result& result) const;
  std::vector<std::string> notes(const FrameResult& result) const;

  const Config& config_;
  const Model& model_;
  LineOutput& lines_;
  const std::chrono::steady_clock::time_point started_;
  const RunFacts run_;
  const Labels* const object_labels_;
  RunStatistics statistics_;
  ProgressBar progress_;
  DeviceLoad load_;
  bool show_lines_;
};

}  // namespace edge
