#include <gtest/gtest.h>

#include "roles/report/device_load.h"

namespace edge {
namespace {

FrameRecord finished(double at, double busy_0, double busy_1) {
  FrameRecord frame;
  frame.finished_s = at;
  frame.workers = {{.decode_s = busy_0 / 2, .compute_s = busy_0 / 2}, {.compute_s = busy_1}};
  return frame;
}

TEST(DeviceLoad, SharesOfTheLastFrames) {
  DeviceLoad load;
  EXPECT_TRUE(load.shares().empty());
  load.add(finished(1, 9, 9));
  EXPECT_TRUE(load.shares().empty()) << "one frame spans no time";
  load.add(finished(2, 0.5, 1));
  load.add(finished(3, 0.25, 1));
  EXPECT_EQ(load.shares(), (std::vector<double>{0.375, 1}));
  for (int i = 0; i < 100; ++i) load.add(finished(4 + i, 0, 5));
  EXPECT_EQ(load.shares(), (std::vector<double>{0, 1}))
      << "old frames are forgotten; at most all of the time";
}

TEST(DeviceLoad, Bars) {
  EXPECT_EQ(load_bars({}), "");
  EXPECT_EQ(load_bars({0, 0.5, 1}), "▁▅█");
}

}  // namespace
}  // namespace edge
