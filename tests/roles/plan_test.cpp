// Plans and their notation.
#include "roles/scheduling/plan.h"

#include <gtest/gtest.h>

#include "engine/error.h"

namespace edge::scheduling {
namespace {

std::string message_of(const std::vector<LayerRange>& ranges, int layers, int workers) {
  try {
    return to_string(plan_from_ranges(ranges, layers, workers, "plan"));
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Plan, RangesThereAndBack) {
  const std::vector<LayerRange> ranges{std::pair{1, 6}, {}, std::pair{7, 12}, std::pair{13, 13}, {}};
  const Plan plan = plan_from_ranges(ranges, 14, 5, "plan");
  EXPECT_EQ(plan.ends, (std::vector<LayerIndex>{7, 7, 13, 14, 14}));
  EXPECT_EQ(plan.workers(), 5);
  EXPECT_EQ(plan.begin(0), 1);
  EXPECT_EQ(plan.begin(3), 13);
  EXPECT_TRUE(plan.idle(1));
  EXPECT_FALSE(plan.idle(3));
  EXPECT_EQ(plan.last_active(), 3);
  EXPECT_EQ(to_string(plan), "1-6 | - | 7-12 | 13 | -");
  EXPECT_EQ(ranges_of(plan), ranges);
}

TEST(Plan, IdleFirstWorker) {
  const Plan plan = plan_from_ranges({{}, std::pair{1, 3}}, 4, 2, "plan");
  EXPECT_TRUE(plan.idle(0));
  EXPECT_EQ(plan.last_active(), 1);
  EXPECT_EQ(plan.begin(1), 1);
}

TEST(Plan, Mistakes) {
  EXPECT_EQ(message_of({std::pair{1, 6}, std::pair{7, 13}}, 14, 2), "1-6 | 7-13");
  EXPECT_EQ(message_of({std::pair{1, 6}, std::pair{7, 12}}, 14, 2),
            "plan: worker 1 ends with layer 12, but the network's last is 13");
  EXPECT_EQ(message_of({std::pair{1, 20}, {}}, 14, 2),
            "plan: worker 0 ends with layer 20, but the network's last is 13");
  EXPECT_EQ(message_of({std::pair{2, 6}, std::pair{7, 13}}, 14, 2),
            "plan: worker 0 must begin with layer 1, not 2; otherwise layers are skipped");
  EXPECT_EQ(message_of({std::pair{0, 6}, std::pair{7, 13}}, 14, 2),
            "plan: worker 0 must begin with layer 1, not 0; otherwise layers are run twice");
  EXPECT_EQ(message_of({std::pair{7, 13}, std::pair{1, 6}}, 14, 2),
            "plan: worker 0 must begin with layer 1, not 7; otherwise layers are skipped");
  EXPECT_EQ(message_of({std::pair{1, 0}, std::pair{1, 13}}, 14, 2),
            "plan: worker 0 ends with layer 0, in front of its first, 1; for no layers write []");
  EXPECT_EQ(message_of({{}, {}}, 14, 2), "plan: no worker has any layers");
  EXPECT_EQ(message_of({std::pair{1, 13}}, 14, 2),
            "plan: has 1 layer ranges, but there are 2 workers; give each one range, [] for no layers");
}

}  // namespace
}  // namespace edge::scheduling
