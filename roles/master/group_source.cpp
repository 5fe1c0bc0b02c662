#include "roles/master/group_source.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "engine/changed_positions.h"
#include "roles/prediction/transfer_predictor.h"

namespace edge {

GroupSource::GroupSource(std::unique_ptr<FrameSource> source, const PaceOptions& pace, const Options& options)
    : source_(std::move(source), pace), options_(options), hold_(options.hold) {}

/// False if the video ends before the first frame that is wanted.
bool GroupSource::skip() {
  if (options_.first_frame > 0) {
    spdlog::info("reads the {} frames in front once more, for what the gate holds", options_.first_frame);
  }
  for (std::uint64_t frame = 0; frame < options_.first_frame; ++frame) {
    std::optional<PacedFrame> next = source_.next();
    if (!next) return false;
    hold_.hold(std::move(next->elements));
  }
  return true;
}

bool GroupSource::read_one() {
  if (broken_ && ahead_.empty()) std::rethrow_exception(broken_);
  if (ended_ || broken_) return false;
  std::optional<PacedFrame> next;
  try {
    if (std::exchange(skipped_, true) || skip()) next = source_.next();
  } catch (...) {
    if (ahead_.empty()) throw;
    broken_ = std::current_exception();  // frames that were read before the break count
    return false;
  }
  if (!next) {
    ended_ = true;
    return false;
  }
  InputFrame frame{.video_index = next->index,
                   .dropped = next->dropped,
                   .captured = next->captured_at,
                   .video_s = next->video_s,
                   .placement = next->placement,
                   .pixels = hold_.hold(std::move(next->elements)),
                   .change = {}};
  frame.unchanged = !last_.empty() && frame.pixels.data() == last_.data();
  frame.change.unchanged = frame.unchanged;
  if (!last_.empty()) frame.change.rates = prediction::change_rates(frame.pixels, last_);
  if (!last_.empty() && options_.dirty_shares != nullptr) {
    frame.change.dirty_shares = options_.dirty_shares->of(changed_positions(last_, frame.pixels));
  }
  last_ = frame.pixels;
  ahead_.push_back(std::move(frame));
  return true;
}

std::vector<FrameChange> GroupSource::upcoming_changes() {
  while (ahead_.size() < options_.look_ahead && read_one()) {
  }
  if (ahead_.empty()) read_one();  // tells what broke the video
  std::vector<FrameChange> changes;
  for (const InputFrame& frame : ahead_) changes.push_back(frame.change);
  return changes;
}

void GroupSource::read_ahead() {
  if (options_.look_ahead == 1 || !ahead_.empty()) return;
  try {
    while (ahead_.size() < options_.look_ahead && read_one()) {
    }
  } catch (...) {
    broken_ = std::current_exception();
  }
}

std::optional<InputFrame> GroupSource::next() {
  if (ahead_.empty() && !read_one()) return std::nullopt;
  InputFrame frame = std::move(ahead_.front());
  ahead_.pop_front();
  if (options_.look_ahead > 1) frame.captured = std::chrono::steady_clock::now();
  return frame;
}

}  // namespace edge
