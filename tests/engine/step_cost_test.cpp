#include "engine/step_cost.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

TEST(StepCost, GuessesBeforeAnythingWasMeasured) {
  StepCost cost;
  EXPECT_TRUE(cost.prefers_part(0.5));
  EXPECT_FALSE(cost.prefers_part(1));
  cost.ran_all(1);
  EXPECT_TRUE(cost.prefers_part(0.3));
  EXPECT_FALSE(cost.prefers_part(0.9));
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
  EXPECT_TRUE(cheap.prefers_part(0.9));
  EXPECT_FALSE(cheap.prefers_part(0.97));
  EXPECT_TRUE(dear.prefers_part(0.25));
  EXPECT_FALSE(dear.prefers_part(0.35));
}

TEST(StepCost, SharesThatAreAllAlike) {
  StepCost cost;
  for (int i = 0; i < 5; ++i) {
    cost.ran_all(1);
    cost.ran_part(0.1, 0.2);
  }
  EXPECT_TRUE(cost.prefers_part(0.4));
  EXPECT_FALSE(cost.prefers_part(0.7));
}

TEST(StepCost, ABusyStartIsForgotten) {
  StepCost cost;
  for (int i = 0; i < 3; ++i) cost.ran_all(1);
  cost.ran_part(0.3, 5);  // another process had the core
  cost.ran_part(0.3, 5);
  int parts = 0;
  for (int frame = 0; frame < 200; ++frame) {
    if (cost.prefers_part(0.3)) {
      cost.ran_part(0.3, 0.35);
      ++parts;
    } else {
      cost.ran_all(1);
    }
  }
  EXPECT_GT(parts, 80);
}

TEST(StepCost, PartsThatNeverPayAreRare) {
  StepCost cost;
  for (int i = 0; i < 3; ++i) cost.ran_all(1);
  int parts = 0;
  for (int frame = 0; frame < 90; ++frame) {
    if (cost.prefers_part(0.7)) {
      cost.ran_part(0.7, 1.5);
      ++parts;
    } else {
      cost.ran_all(1);
    }
  }
  EXPECT_LE(parts, 12);
}

}  // namespace
}  // namespace edge
