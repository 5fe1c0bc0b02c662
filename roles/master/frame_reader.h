// The next frame of the video with the plan by which it goes: what the master's "feed" thread does.
#pragma once

#include <cstdint>
#include <optional>

#include "roles/master/frame_under_way.h"
#include "roles/master/group_source.h"
#include "roles/master/planner.h"
#include "roles/trace/trace_writer.h"

namespace edge {

/// One thread.
class FrameReader {
 public:
  /// All must outlive this; `trace` may be null.
  FrameReader(GroupSource& source, Planner& planner, std::uint64_t group_size, trace::TraceWriter* trace)
      : source_(source), planner_(planner), group_size_(group_size), trace_(trace) {}

  /// Whether a group, and so a plan, begins with the frame of this number.
  bool begins_group(std::uint64_t number) const { return number % group_size_ == 0; }
  /// Frame `number`: 0, 1, 2 ...; waits for it, and plans where a group begins. Nothing at the end of the
  /// video. Throws what breaks the video, and what the scheduler throws.
  std::optional<FrameUnderWay> read(std::uint64_t number);
  /// While the chain has something to do: reads what read() will want next, if it is no camera's.
  void read_ahead() { source_.read_ahead(); }

 private:
  GroupSource& source_;
  Planner& planner_;
  const std::uint64_t group_size_;
  trace::TraceWriter* const trace_;
  scheduling::Plan plan_;  ///< of the current group
};

}  // namespace edge
