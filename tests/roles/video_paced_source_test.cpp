// Frame pacing with a source and a clock that the test moves.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "roles/video/paced_source.h"
#include "roles/video/planar_frame.h"

namespace edge {
namespace {

using std::chrono::milliseconds;

/// Frames of one pixel whose value is their number.
class FakeSource final : public FrameSource {
 public:
  struct Options {
    std::uint64_t frames = 5;
    std::optional<double> rate = 10;
    bool live = false;
    bool fails_at_end = false;
    bool blocks_at_end = false;
    std::vector<std::optional<double>> video_s = {};  // time stamps of the first frames
  };
  explicit FakeSource(const Options& options) : options_(options) {}

  std::optional<Array> next() override {
    std::unique_lock lock(mutex_);
    if (frame_ == options_.frames) {
      if (options_.fails_at_end) throw Error("fake: broken");
      if (options_.blocks_at_end) changed_.wait(lock, [this] { return cancelled_; });
      return std::nullopt;
    }
    PlanarFrame frame(1, 1);
    frame.planes[0] = frame.planes[1] = frame.planes[2] = static_cast<std::uint8_t>(frame_++);
    return frame.array;
  }
  FrameTimes times() const override {
    if (frame_ == 0 || frame_ > options_.video_s.size()) return {};
    return {.video_s = options_.video_s[static_cast<std::size_t>(frame_ - 1)], .captured = {}};
  }
  std::optional<double> frames_per_second() const override { return options_.rate; }
  bool live() const override { return options_.live; }
  void cancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }

 private:
  Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t frame_ = 0;
  bool cancelled_ = false;
};

/// Stands still until the test moves it.
class FakeClock final : public PaceClock {
 public:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    TimePoint now{};
    std::optional<TimePoint> waits_until;
    bool interrupted = false;

    /// Returns once somebody waits for `due` since the start.
    void expect_wait_until(milliseconds due) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return waits_until == TimePoint(due); });
    }
    void move_to(milliseconds time) {
      const std::lock_guard lock(mutex);
      now = TimePoint(time);
      changed.notify_all();
    }
  };
  explicit FakeClock(std::shared_ptr<State> state) : state_(std::move(state)) {}

  TimePoint now() override {
    const std::lock_guard lock(state_->mutex);
    return state_->now;
  }
  void wait_until(TimePoint due) override {
    std::unique_lock lock(state_->mutex);
    state_->waits_until = due;
    state_->changed.notify_all();
    state_->changed.wait(lock, [&] { return state_->now >= due || state_->interrupted; });
    state_->waits_until.reset();
  }
  void interrupt() override {
    const std::lock_guard lock(state_->mutex);
    state_->interrupted = true;
    state_->changed.notify_all();
  }

 private:
  std::shared_ptr<State> state_;
};

struct Player {
  Player(const FakeSource::Options& source, const PaceOptions& options)
      : paced(std::make_unique<FakeSource>(source), options, std::make_unique<FakeClock>(clock)) {}

  std::shared_ptr<FakeClock::State> clock = std::make_shared<FakeClock::State>();
  PacedSource paced;
};

TEST(PacedSource, GivesEveryFrameWithoutRealtime) {
  Player player({.frames = 3}, {});
  for (std::uint64_t index = 0; index < 3; ++index) {
    const auto frame = player.paced.next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->index, index);
    EXPECT_EQ(frame->dropped, 0U);
    EXPECT_EQ(frame->elements.data()[0], std::byte(index));
  }
  EXPECT_FALSE(player.paced.next());
}

TEST(PacedSource, LimitsFrames) {
  for (const bool realtime : {false, true}) {
    Player player({.frames = 5}, {.realtime = realtime, .frame_limit = 2});
    player.clock->move_to(milliseconds(0));
    EXPECT_EQ(player.paced.next()->index, 0U);
    player.clock->move_to(milliseconds(10000));
    EXPECT_EQ(player.paced.next()->index, 1U);
    EXPECT_FALSE(player.paced.next());
  }
}

TEST(PacedSource, PlaysAtTheStatedRate) {
  Player player({.frames = 3, .rate = 10}, {.realtime = true});
  EXPECT_EQ(player.paced.next()->index, 0U);
  player.clock->expect_wait_until(milliseconds(100));
  player.clock->move_to(milliseconds(100));
  auto frame = player.paced.next();
  EXPECT_EQ(frame->index, 1U);
  EXPECT_EQ(frame->captured_at, PaceClock::TimePoint(milliseconds(100)));
  player.clock->expect_wait_until(milliseconds(200));
  player.clock->move_to(milliseconds(250));
  frame = player.paced.next();
  EXPECT_EQ(frame->index, 2U);
  EXPECT_EQ(frame->dropped, 0U);
  EXPECT_FALSE(player.paced.next());
}

TEST(PacedSource, PlaysByTheFramesOwnTimeStamps) {
  // A rate that varies, one that is missing, one that goes back; the first is not 0.
  Player player({.frames = 6, .rate = 10, .video_s = {7.0, 7.25, 8.5, std::nullopt, 8.0, 10.0}},
                {.realtime = true});
  EXPECT_EQ(player.paced.next()->index, 0U);
  for (const int due : {250, 1500, 1600, 3000}) {
    player.clock->expect_wait_until(milliseconds(due));
    player.clock->move_to(milliseconds(due));
  }
  std::optional<PacedFrame> last;
  while (auto frame = player.paced.next()) last = std::move(frame);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->index, 5U);
  EXPECT_EQ(last->video_s, 10.0);
}

TEST(PacedSource, TakesAnyTimeStamp) {
  // Neither overflows nor hangs: the frame is due in some decades, until somebody cancels.
  Player player({.frames = 2, .video_s = {-1e300, 1e300}}, {.realtime = true});
  EXPECT_TRUE(player.paced.next());
  player.clock->expect_wait_until(std::chrono::duration_cast<milliseconds>(std::chrono::seconds(1000000000)));
  player.paced.cancel();
  EXPECT_FALSE(player.paced.next());
}

TEST(PacedSource, PassesTimeStampsOn) {
  Player player({.frames = 2, .video_s = {0.5, std::nullopt}}, {});
  EXPECT_EQ(player.paced.next()->video_s, 0.5);
  EXPECT_FALSE(player.paced.next()->video_s);
}

TEST(PacedSource, KeepsOnlyTheNewestAndCounts) {
  Player player({.frames = 6, .rate = 10}, {.realtime = true});
  EXPECT_EQ(player.paced.next()->index, 0U);
  player.clock->expect_wait_until(milliseconds(100));
  player.clock->move_to(milliseconds(300));  // frames 1, 2 and 3 are due
  player.clock->expect_wait_until(milliseconds(400));
  auto frame = player.paced.next();
  EXPECT_EQ(frame->index, 3U);
  EXPECT_EQ(frame->elements.data()[0], std::byte{3});
  EXPECT_EQ(frame->dropped, 2U);
  player.clock->move_to(milliseconds(400));
  player.clock->expect_wait_until(milliseconds(500));
  frame = player.paced.next();
  EXPECT_EQ(frame->index, 4U);
  EXPECT_EQ(frame->dropped, 2U);
}

TEST(PacedSource, DeliversTheLastFrameBeforeTheEnd) {
  Player player({.frames = 3}, {.realtime = true});
  player.clock->move_to(milliseconds(10000));  // all are late: nothing waits
  std::uint64_t frames = 0, dropped = 0, index = 0;
  while (const auto frame = player.paced.next()) {
    ++frames;
    dropped = frame->dropped;
    index = frame->index;
    player.clock->move_to(milliseconds(20000));
  }
  EXPECT_EQ(index, 2U);
  EXPECT_EQ(frames + dropped, 3U);
}

TEST(PacedSource, UsesTheDefaultRate) {
  Player player({.frames = 2, .rate = std::nullopt}, {.realtime = true, .default_rate = 4});
  EXPECT_TRUE(player.paced.next());
  player.clock->expect_wait_until(milliseconds(250));
}

TEST(PacedSource, LetsLiveSourcesSetThePace) {
  Player player({.frames = 50, .rate = 10, .live = true, .blocks_at_end = true}, {.realtime = true});
  std::uint64_t frames = 0;
  std::optional<PacedFrame> last;
  do {  // the clock never moves
    last = player.paced.next();
    ASSERT_TRUE(last);
    ++frames;
  } while (last->index < 49);
  EXPECT_EQ(frames + last->dropped, 50U);
}

TEST(PacedSource, ThrowsTheSourcesErrorAfterItsFrames) {
  for (const bool realtime : {false, true}) {
    Player player({.frames = 1, .fails_at_end = true}, {.realtime = realtime});
    EXPECT_TRUE(player.paced.next());
    EXPECT_THROW(player.paced.next(), Error);
    if (realtime) {
      EXPECT_FALSE(player.paced.next());
    }
  }
}

TEST(PacedSource, CancelEndsEveryWait) {
  for (const bool realtime : {false, true}) {
    for (const std::uint64_t frames : {0U, 1U, 2U}) {  // waits for a frame, or for frame 1 to be due
      Player player({.frames = frames, .blocks_at_end = true}, {.realtime = realtime});
      std::thread canceller([&player] {
        std::this_thread::sleep_for(milliseconds(10));
        player.paced.cancel();
      });
      while (player.paced.next()) {
      }
      canceller.join();
      EXPECT_FALSE(player.paced.next());
    }
  }
}

TEST(PacedSource, StopsInTheDestructor) {
  Player player({.frames = 2}, {.realtime = true});
  EXPECT_TRUE(player.paced.next());  // frame 1 will never be due
}

TEST(PacedSource, PlaysWithTheRealClock) {
  PacedSource paced(std::make_unique<FakeSource>(FakeSource::Options{.frames = 4, .rate = 200}),
                    {.realtime = true});
  const auto start = std::chrono::steady_clock::now();
  std::optional<PacedFrame> last;
  while (auto frame = paced.next()) last = std::move(frame);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->index, 3U);
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(15));  // never early
}

}  // namespace
}  // namespace edge
