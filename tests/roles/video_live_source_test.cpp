// Live sources that come and go: when they are tried again, what is said, what ends them.
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "roles/video/live_source.h"
#include "roles/video/planar_frame.h"
#include "tests/captured_log.h"
#include "tests/error_of.h"

namespace edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::CapturedLog;

/// Gives so many frames and then what `end` does.
class Connection final : public FrameSource {
 public:
  Connection(int frames, std::function<void()> end) : left_(frames), end_(std::move(end)) {}
  std::optional<Array> next() override {
    if (left_-- > 0) return PlanarFrame(1, 1).array;
    end_();
    return std::nullopt;
  }
  std::optional<double> frames_per_second() const override { return 12; }

 private:
  int left_;
  std::function<void()> end_;
};

/// A camera whose connections are planned.
struct Camera {
  struct Plan {
    int frames = 0;
    std::function<void()> end;
  };
  std::deque<Plan> plans;
  std::vector<milliseconds> waits;

  std::unique_ptr<FrameSource> source() {
    return make_live_source({.name = "camera",
                             .open =
                                 [this](const EventFlag&) {
                                   const Plan plan = plans.front();
                                   plans.pop_front();
                                   return std::make_unique<Connection>(plan.frames, plan.end);
                                 },
                             .wait = [this](milliseconds time, const EventFlag&) { waits.push_back(time); }});
  }
};

void lost() {
  throw Error("it went away");
}
void refused() {
  throw Refused("wrong password");
}

TEST(LiveSource, WaitsLongerAndLongerForOneThatIsNotThere) {
  CapturedLog log;
  Camera camera;
  for (int i = 0; i < 8; ++i) camera.plans.push_back({0, lost});
  camera.plans.push_back({1, [] {}});
  const auto source = camera.source();
  EXPECT_TRUE(source->live());
  EXPECT_TRUE(source->next());
  EXPECT_EQ(source->frames_per_second(), 12);
  EXPECT_EQ(camera.waits, (std::vector<milliseconds>{seconds(1), seconds(2), seconds(4), seconds(8),
                                                     seconds(16), seconds(30), seconds(30), seconds(30)}));
  EXPECT_EQ(log.lines(),
            (std::vector<std::string>{"warning: waiting for camera (it went away)", "info: camera is here"}));
}

TEST(LiveSource, GoesOnWithOneThatWasLost) {
  CapturedLog log;
  Camera camera;
  camera.plans = {{2, lost}, {0, lost}, {0, refused}, {3, lost}, {1, lost}, {1, [] {}}};
  const auto source = camera.source();
  for (int frame = 0; frame < 7; ++frame) EXPECT_TRUE(source->next()) << frame;
  EXPECT_FALSE(source->next()) << "the end of a recording";
  EXPECT_FALSE(source->next());
  EXPECT_EQ(camera.waits,
            (std::vector<milliseconds>{seconds(1), seconds(2), seconds(4), seconds(1), seconds(1)}));
  EXPECT_EQ(log.lines(),
            (std::vector<std::string>{
                "warning: lost camera after 2 frames: it went away; tries again until it is back",
                "warning: lost camera after 2 frames: wrong password; tries again until it is back",
                "info: camera is here again after 0 s (lost 1 time so far)",
                "warning: lost camera after 5 frames: it went away; tries again until it is back",
                "info: camera is here again after 0 s (lost 2 times so far)",
                "warning: lost camera after 6 frames: it went away; tries again until it is back",
                "info: camera is here again after 0 s (lost 3 times so far)"}));
}

using test::error_of;

TEST(LiveSource, EndsWhenTryingAgainCannotHelp) {
  Camera camera;
  camera.plans = {{0, refused}};
  auto source = camera.source();
  EXPECT_EQ(error_of([&] { source->next(); }), "camera: wrong password");
  EXPECT_FALSE(source->next());
  camera.plans = {{2, [] { throw Broken("cut off"); }}};
  source = camera.source();
  EXPECT_TRUE(source->next());
  EXPECT_TRUE(source->next());
  EXPECT_EQ(error_of([&] { source->next(); }), "camera: broken after 2 frames: cut off");
  EXPECT_FALSE(source->next());
  EXPECT_TRUE(camera.waits.empty());
}

TEST(LiveSource, EndsWhenCancelled) {
  CapturedLog log;
  Camera camera;
  camera.plans = {{1, lost}};
  std::unique_ptr<FrameSource> source;
  std::stop_source stop;
  source = make_live_source({.name = "camera",
                             .open = [](const EventFlag&) { return std::make_unique<Connection>(0, lost); },
                             .wait =
                                 [&](milliseconds, const EventFlag& cancel) {
                                   EXPECT_FALSE(cancel.is_set());
                                   stop.request_stop();
                                   EXPECT_TRUE(cancel.is_set());
                                   wait_for(std::chrono::hours(1), cancel);
                                 },
                             .stop = stop.get_token()});
  EXPECT_FALSE(source->next());
}

TEST(LiveSource, StampsFramesSinceTheFirst) {
  Camera camera;
  camera.plans = {{2, [] {}}};
  const auto source = camera.source();
  EXPECT_FALSE(source->times().video_s);
  ASSERT_TRUE(source->next());
  EXPECT_EQ(source->times().video_s, 0.0);
  ASSERT_TRUE(source->next());
  EXPECT_GE(*source->times().video_s, 0.0);
  EXPECT_LE(*source->times().captured, std::chrono::steady_clock::now());
}

}  // namespace
}  // namespace edge
