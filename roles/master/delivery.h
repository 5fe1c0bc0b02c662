// The end of a frame's life: its result is checked and written out, and at the end of the run it is said how
// it went.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "roles/config/config.h"
#include "roles/detection/detector.h"
#include "roles/drawing/object_pictures.h"
#include "roles/line_output.h"
#include "roles/master/checker.h"
#include "roles/master/frame_output.h"
#include "roles/master/frame_under_way.h"
#include "roles/master/truth_output.h"
#include "roles/model.h"
#include "roles/report/gantt.h"
#include "roles/report/planning_summary.h"
#include "roles/trace/trace_writer.h"

namespace edge {

/// One owner, one thread. All that it is given outlives it.
class Delivery {
 public:
  struct Options {
    const Config& config;
    const Model& model;
    const detection::Detector* detector;  ///< null: results are without objects
    std::uint64_t instance;               ///< the master's, which names the run
    LineOutput& lines;                    ///< where the results go
    TruthOutput* truth;                   ///< null: what was to be found is not written
    trace::TraceWriter* trace;            ///< null: none
    const std::string& draw;              ///< directory for pictures with objects; empty: none
    bool gantt;                           ///< print when the stages worked on the last frames
  };
  explicit Delivery(const Options& options) : options_(options) {}

  /// Frames come in order. False if the config wants checks and the result is wrong; that is told, and the
  /// frame written all the same. Throws as FrameOutput::write().
  bool deliver(FrameUnderWay frame);

  /// No frame was delivered.
  bool empty() const { return !output_; }

  /// After the last frame: tables, and what was checked, on stderr. Not if it is empty().
  void finish(const PlanningSummary& planning);

 private:
  void begin(const FrameUnderWay& first);
  bool check(const FrameUnderWay& frame);
  void write(const FrameUnderWay& frame);
  void trace_event(const char* name, std::chrono::steady_clock::time_point begin, std::uint64_t frame,
                   trace::Flow flow);

  const Options options_;
  std::optional<FrameOutput> output_;                ///< from the first frame on
  std::optional<Checker> checker_;                   ///< likewise, if the config wants checks
  std::optional<drawing::ObjectPictures> pictures_;  ///< likewise, if they are wanted
  std::deque<GanttFrame> last_frames_;
};

}  // namespace edge
