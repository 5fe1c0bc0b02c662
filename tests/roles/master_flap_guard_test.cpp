#include <gtest/gtest.h>

#include "roles/master/flap_guard.h"

namespace edge {
namespace {

using namespace std::chrono_literals;

constexpr FlapGuard::TimePoint start{std::chrono::hours(1)};

/// So many losses, a second apart; what the last one costs.
FlapGuard::Duration lose(FlapGuard& guard, int times, FlapGuard::TimePoint at, int worker = 0) {
  FlapGuard::Duration pause{};
  for (int i = 0; i < times; ++i) pause = guard.lost(worker, at + i * 1s);
  return pause;
}

TEST(FlapGuard, ALossNowAndThenIsNothing) {
  FlapGuard guard;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(guard.lost(0, start + i * 31s), 0s) << i;
}

TEST(FlapGuard, ThreeInAMinuteCostTimeAndMoreEachTime) {
  FlapGuard guard;
  EXPECT_EQ(lose(guard, 2, start), 0s);
  EXPECT_EQ(guard.lost(1, start + 2s), 0s) << "each is judged alone";
  EXPECT_EQ(guard.lost(0, start + 59s), 10s);
  EXPECT_EQ(lose(guard, 3, start + 100s), 20s);
  EXPECT_EQ(lose(guard, 3, start + 200s), 40s);
}

TEST(FlapGuard, ThereIsALongestPauseAndForgiveness) {
  FlapGuard guard;
  FlapGuard::Duration pause{};
  auto at = start;
  for (int i = 0; i < 10; ++i) pause = lose(guard, 3, at += 300s);
  EXPECT_EQ(pause, FlapGuard::longest_pause);
  EXPECT_EQ(lose(guard, 3, at + 2 * FlapGuard::forgiven_after), FlapGuard::first_pause);
}

}  // namespace
}  // namespace edge
