#include "roles/master/frame_reader.h"

#include <chrono>
#include <utility>
#include <vector>

namespace edge {

using std::chrono::steady_clock;

namespace {

/// Where nothing is known of the source's pictures, frames are taken for them.
Placement known_placement(const Placement& placement, const Shape& frame) {
  if (placement.picture.rows > 0 && placement.picture.columns > 0) return placement;
  const Extent2d size{frame[2], frame[3]};
  return place(Fit::stretch, size, size);
}

}  // namespace

std::optional<FrameUnderWay> FrameReader::read(std::uint64_t number) {
  if (begins_group(number)) {
    const auto start = steady_clock::now();
    const std::vector<FrameChange> changes = source_.upcoming_changes();
    if (changes.empty()) return std::nullopt;
    const auto planning = steady_clock::now();
    plan_ = planner_.plan(number, changes);
    if (trace_) {
      trace_->add({.track = "feed", .name = "read group", .begin = start, .end = planning});
      trace_->add({.track = "feed", .name = "plan", .begin = planning, .end = steady_clock::now()});
    }
  }
  std::optional<InputFrame> next = source_.next();
  if (!next) return std::nullopt;
  FrameUnderWay frame;
  frame.frame = number;
  frame.video_index = next->video_index;
  frame.dropped = next->dropped;
  frame.video_s = next->video_s;
  frame.captured = next->captured;
  frame.plan = plan_;
  frame.placement = known_placement(next->placement, next->pixels.shape());
  frame.pixels = std::move(next->pixels);
  frame.unchanged = next->unchanged;
  return frame;
}

}  // namespace edge
