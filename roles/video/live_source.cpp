#include "roles/video/live_source.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds first_delay{1000};
constexpr milliseconds longest_delay{30000};

class LiveSource final : public FrameSource {
 public:
  explicit LiveSource(LiveOptions options) : options_(std::move(options)), cancel_(options_.stop) {}

  std::optional<Array> next() override {
    while (!ended_ && !cancel_.is_set()) {
      try {
        if (!source_) source_ = options_.open(cancel_);
        if (std::optional<Array> frame = source_->next()) {
          note_frame();
          return frame;
        }
        ended_ = true;
      } catch (const Broken& error) {
        ended_ = true;
        throw Broken(fmt::format("{}: broken after {} frames: {}", options_.name, frames_, error.what()));
      } catch (const Refused& error) {
        if (frames_ == 0) {
          ended_ = true;
          throw Refused(fmt::format("{}: {}", options_.name, error.what()));
        }
        lose(error.what());
      } catch (const Error& error) {
        lose(error.what());
      }
    }
    return std::nullopt;
  }

  FrameTimes times() const override { return times_; }
  Placement placement() const override { return placement_; }
  std::optional<double> frames_per_second() const override { return frames_per_second_; }
  bool live() const override { return true; }
  void cancel() override { cancel_.set(); }

 private:
  void note_frame() {
    ++frames_;
    frames_per_second_ = source_->frames_per_second();
    placement_ = source_->placement();
    const auto now = steady_clock::now();
    const auto captured = source_->times().captured.value_or(now);
    if (frames_ == 1) first_captured_ = captured;
    const double video_s = std::chrono::duration<double>(captured - first_captured_).count();
    times_ = {.video_s = std::max(times_.video_s.value_or(0), video_s), .captured = captured};
    delay_ = first_delay;
    if (said_.empty()) return;
    if (lost_ == 0) {
      spdlog::info("{} is here", options_.name);
    } else {
      spdlog::info("{} is here again after {:.0f} s (lost {} {} so far)", options_.name,
                   std::chrono::duration<double>(now - lost_at_).count(), lost_,
                   lost_ == 1 ? "time" : "times");
    }
    said_.clear();
  }

  void lose(const std::string& reason) {
    if (said_.empty()) {
      lost_at_ = steady_clock::now();
      if (frames_ > 0) ++lost_;
    }
    if (said_ != reason) {
      if (frames_ == 0) {
        spdlog::warn("waiting for {} ({})", options_.name, reason);
      } else {
        spdlog::warn("lost {} after {} frames: {}; tries again until it is back", options_.name, frames_,
                     reason);
      }
      said_ = reason;
    }
    source_.reset();
    options_.wait(delay_, cancel_);
    delay_ = std::min(2 * delay_, longest_delay);
  }

  LiveOptions options_;
  EventFlag cancel_;
  std::unique_ptr<FrameSource> source_;
  bool ended_ = false;
  milliseconds delay_ = first_delay;
  std::uint64_t frames_ = 0;
  std::uint64_t lost_ = 0;  // times
  steady_clock::time_point lost_at_;
  std::string said_;  // the reason that was told last; empty while the source is there
  steady_clock::time_point first_captured_;
  FrameTimes times_;
  Placement placement_;
  std::optional<double> frames_per_second_;
};

}  // namespace

std::unique_ptr<FrameSource> make_live_source(LiveOptions options) {
  return std::make_unique<LiveSource>(std::move(options));
}

void wait_for(milliseconds time, const EventFlag& cancel) {
  const auto due = steady_clock::now() + time;
  while (!cancel.is_set() && steady_clock::now() < due) {
    pollfd polled{cancel.descriptor(), POLLIN, 0};
    ::poll(&polled, 1, static_cast<int>(std::chrono::ceil<milliseconds>(due - steady_clock::now()).count()));
  }
}

}  // namespace edge
