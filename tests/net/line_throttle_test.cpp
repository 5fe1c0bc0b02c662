#include "net/line_throttle.h"

#include <gtest/gtest.h>

namespace edge::net {
namespace {

using std::chrono::seconds;

TEST(LineThrottle, TheSameLineComesOnceAMinute) {
  LineThrottle throttle;
  const LineThrottle::TimePoint start{seconds(1000)};
  EXPECT_EQ(throttle.admit("refused master: busy", start), 0U);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(throttle.admit("refused master: busy", start + seconds(i)));
  EXPECT_EQ(throttle.admit("refused master: another model", start + seconds(6)), 5U);
  EXPECT_FALSE(throttle.admit("refused master: busy", start + seconds(59)));
  EXPECT_EQ(throttle.admit("refused master: busy", start + seconds(60)), 1U);
}

TEST(LineThrottle, DifferentLinesAreLimitedToo) {
  LineThrottle throttle;
  const LineThrottle::TimePoint start{seconds(1000)};
  std::size_t told = 0;
  for (int i = 0; i < 1000; ++i) told += throttle.admit(std::to_string(i), start) ? 1 : 0;
  EXPECT_EQ(told, LineThrottle::lines_per_period);
  EXPECT_EQ(throttle.admit("later", start + seconds(10)), 990U);
}

}  // namespace
}  // namespace edge::net
