#include "roles/video/paced_source.h"

#include <algorithm>
#include <utility>

#include "net/thread_name.h"

namespace edge {
namespace {

class SteadyClock final : public PaceClock {
 public:
  TimePoint now() override { return std::chrono::steady_clock::now(); }
  void wait_until(TimePoint due) override {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, due, [this] { return interrupted_; });
  }
  void interrupt() override {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool interrupted_ = false;
};

/// When the frames of a recording are due, counted from the first one.
class Schedule {
 public:
  explicit Schedule(double frames_per_second) : rate_(frames_per_second) {}

  /// By its time stamp, never before the frame in front of it; without one, a frame's length behind that.
  PaceClock::TimePoint::duration due(const PacedFrame& frame) {
    if (frame.video_s) {
      if (!stamped_) start_s_ = *frame.video_s - last_s_;
      stamped_ = true;
      last_s_ = std::max(last_s_, *frame.video_s - start_s_);
    } else {
      last_s_ = stamped_ ? last_s_ + 1 / rate_ : static_cast<double>(frame.index) / rate_;
    }
    constexpr double longest_s = 1e9;  // decades; nonsense beyond that must not overflow
    const std::chrono::duration<double> due(std::min(last_s_, longest_s));
    return std::chrono::round<PaceClock::TimePoint::duration>(due);
  }

 private:
  double rate_;
  double last_s_ = 0;
  bool stamped_ = false;  // a frame had a time stamp
  double start_s_ = 0;    // the time stamp that stands for the start
};

}  // namespace

std::unique_ptr<PaceClock> make_steady_clock() {
  return std::make_unique<SteadyClock>();
}

PacedSource::PacedSource(std::unique_ptr<FrameSource> source, const PaceOptions& options,
                         std::unique_ptr<PaceClock> clock)
    : source_(std::move(source)), options_(options), clock_(std::move(clock)) {}

PacedSource::~PacedSource() {
  cancel();
  if (thread_.joinable()) thread_.join();
}

std::optional<PacedFrame> PacedSource::next() {
  if (!options_.realtime) return cancelled() ? std::nullopt : read();
  if (!thread_.joinable()) thread_ = std::thread([this] { play(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return newest_ || ended_ || cancelled_; });
  if (cancelled_) return std::nullopt;
  if (newest_) return std::exchange(newest_, std::nullopt);
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  return std::nullopt;
}

void PacedSource::cancel() {
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }
  source_->cancel();
  clock_->interrupt();
}

bool PacedSource::cancelled() {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

std::optional<PacedFrame> PacedSource::read() {
  if (options_.frame_limit != 0 && read_frames_ == options_.frame_limit) return std::nullopt;
  auto elements = source_->next();
  if (!elements) return std::nullopt;
  const FrameTimes times = source_->times();
  return PacedFrame{.index = read_frames_++,
                    .elements = std::move(*elements),
                    .captured_at = times.captured.value_or(clock_->now()),
                    .dropped = 0,
                    .video_s = times.video_s,
                    .placement = source_->placement()};
}

void PacedSource::play() {
  net::name_this_thread("video");
  try {
    std::optional<PacedFrame> frame = read();
    const PaceClock::TimePoint start = clock_->now();
    Schedule schedule(source_->frames_per_second().value_or(options_.default_rate));
    // A frame is read ahead of its time and then waits for it.
    for (; frame && !cancelled(); frame = read()) {
      if (!source_->live()) {
        clock_->wait_until(start + schedule.due(*frame));
        frame->captured_at = clock_->now();
      }
      publish(std::move(*frame));
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void PacedSource::publish(PacedFrame frame) {
  const std::lock_guard lock(mutex_);
  if (newest_) ++dropped_;
  frame.dropped = dropped_;
  newest_ = std::move(frame);
  changed_.notify_all();
}

}  // namespace edge
