#include "roles/video/looped_source.h"

#include <mutex>
#include <utility>

namespace edge {
namespace {

class LoopedSource final : public FrameSource {
 public:
  explicit LoopedSource(std::function<std::unique_ptr<FrameSource>()> open)
      : open_(std::move(open)), source_(open_()) {}

  std::optional<Array> next() override {
    auto frame = source_->next();
    while (!frame && frames_in_pass_ != 0 && reopen()) frame = source_->next();
    if (frame) {
      ++frames_in_pass_;
      if (const std::optional<double> time = source_->times().video_s) {
        step_s_ = *time > time_s_ ? *time - time_s_ : step_s_;
        time_s_ = *time;
      }
    }
    return frame;
  }
  FrameTimes times() const override {
    FrameTimes times = source_->times();
    if (times.video_s) *times.video_s += passed_s_;
    return times;
  }
  Placement placement() const override { return source_->placement(); }
  std::optional<double> frames_per_second() const override { return source_->frames_per_second(); }
  bool live() const override { return source_->live(); }

  void cancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    source_->cancel();
  }

 private:
  // False after cancel().
  bool reopen() {
    {
      const std::lock_guard lock(mutex_);
      if (cancelled_) return false;
    }
    auto fresh = open_();  // may take a while: cancel() must not wait for it
    const std::lock_guard lock(mutex_);
    if (cancelled_) return false;
    source_ = std::move(fresh);
    frames_in_pass_ = 0;
    passed_s_ += time_s_ + step_s_;
    time_s_ = 0;
    return true;
  }

  std::function<std::unique_ptr<FrameSource>()> open_;
  std::mutex mutex_;  // cancelled_, and replacing source_
  bool cancelled_ = false;
  std::unique_ptr<FrameSource> source_;
  std::uint64_t frames_in_pass_ = 0;
  double passed_s_ = 0;  // length of the passes before this one: time stamps go on
  double time_s_ = 0;    // of the last frame, in its pass
  double step_s_ = 0;    // how long the last frame is shown: as the one before it
};

}  // namespace

std::unique_ptr<FrameSource> make_looped_source(std::function<std::unique_ptr<FrameSource>()> open) {
  return std::make_unique<LoopedSource>(std::move(open));
}

}  // namespace edge
