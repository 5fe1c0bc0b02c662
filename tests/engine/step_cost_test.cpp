#include "engine/step_cost.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

TEST(StepCost, GuessesBeforeAnythingWasMeasured) {
  StepCost cost;
  EXPECT_TRUE(cost.part_is_faster(0.5));
  EXPECT_FALSE(cost.part_is_faster(1));
  cost.ran_all(1);
  EXPECT_TRUE(cost.part_is_faster(0.3));
  EXPECT_FALSE(cost.part_is_faster(0.9));
}

TEST(StepCost, FollowsWhatWasMeasured) {
  StepCost cheap;
  StepCost dear;
  for (int i = 0; i < 5; ++i) {
    cheap.ran_all(1);
    dear.ran_all(1);
    const double share = 0.2 + 0.1 * i;
    cheap.ran_part(share, 0.05 + share);
    dear.ran_part(share, 0.4 + 2 * share);
  }
  EXPECT_TRUE(cheap.part_is_faster(0.9));
  EXPECT_FALSE(cheap.part_is_faster(0.97));
  EXPECT_TRUE(dear.part_is_faster(0.25));
  EXPECT_FALSE(dear.part_is_faster(0.35));
}

TEST(StepCost, SharesThatAreAllAlike) {
  StepCost cost;
  for (int i = 0; i < 5; ++i) {
    cost.ran_all(1);
    cost.ran_part(0.1, 0.2);
  }
  EXPECT_TRUE(cost.part_is_faster(0.4));
  EXPECT_FALSE(cost.part_is_faster(0.7));
}

}  // namespace
}  // namespace edge
