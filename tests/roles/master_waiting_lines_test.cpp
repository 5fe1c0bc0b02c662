#include <gtest/gtest.h>

#include "roles/master/waiting_lines.h"

namespace edge {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;
using Wait = WaitingLines::Wait;

constexpr std::chrono::steady_clock::time_point start{1000s};

TEST(WaitingLines, EachDeviceOnceAndAReminderEveryHalfMinute) {
  WaitingLines lines;
  const std::vector<Wait> waits = {{.what = "worker 0 at a:1", .why = "Connection refused"},
                                   {.what = "worker 1 at b:2", .why = "no answer"}};
  EXPECT_EQ(lines.update(waits, start), (Lines{"waiting for worker 0 at a:1 (Connection refused)",
                                               "waiting for worker 1 at b:2 (no answer)"}));
  for (auto time = 1s; time < 30s; time += 1s) EXPECT_EQ(lines.update(waits, start + time), Lines{});
  EXPECT_EQ(lines.update(waits, start + 30s),
            (Lines{"still waiting for worker 0 at a:1 (Connection refused), for 30 s now",
                   "still waiting for worker 1 at b:2 (no answer), for 30 s now"}));
  EXPECT_EQ(lines.update({waits[1]}, start + 59s), Lines{});
  EXPECT_EQ(lines.update({waits[1]}, start + 60s),
            Lines{"still waiting for worker 1 at b:2 (no answer), for 60 s now"});
}

TEST(WaitingLines, ReasonsThatTakeTurnsAreSaidOnceEach) {
  WaitingLines lines;
  const auto because = [](const char* why) { return std::vector<Wait>{{.what = "worker 0", .why = why}}; };
  EXPECT_EQ(lines.update(because("refused"), start).size(), 1U);
  EXPECT_EQ(lines.update(because("busy"), start + 1s), Lines{"waiting for worker 0 (busy)"});
  EXPECT_EQ(lines.update(because("refused"), start + 2s), Lines{});
  EXPECT_EQ(lines.update(because("busy"), start + 3s), Lines{});
}

TEST(WaitingLines, ShortWaitsAreNotWorthALine) {
  WaitingLines lines;
  const std::vector<Wait> waits = {{.what = "worker 0, which measures its layers", .patience = 500ms}};
  EXPECT_EQ(lines.update(waits, start), Lines{});
  EXPECT_EQ(lines.update(waits, start + 400ms), Lines{});
  EXPECT_EQ(lines.update({}, start + 450ms), Lines{});
  EXPECT_EQ(lines.update(waits, start + 600ms), Lines{}) << "a new wait";
  EXPECT_EQ(lines.update(waits, start + 1100ms), Lines{"waiting for worker 0, which measures its layers"});
}

TEST(WaitingLines, AWaitThatCameToAnEndIsNewWhenItComesAgain) {
  WaitingLines lines;
  const std::vector<Wait> waits = {{.what = "worker 0", .why = "refused"}};
  EXPECT_EQ(lines.update(waits, start).size(), 1U);
  EXPECT_EQ(lines.update({}, start + 1s), Lines{});
  EXPECT_EQ(lines.update(waits, start + 2s), Lines{"waiting for worker 0 (refused)"});
}

}  // namespace
}  // namespace edge
