#include "net/strangers.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace edge::net {
namespace {

class StrangersTest : public ::testing::Test {
 protected:
  void enter(bool promising = false) {
    const auto number = static_cast<int>(places_.size());
    places_.emplace_back(
        strangers_.enter([this, number] { dropped_.push_back(number); }, [promising] { return promising; }));
  }

  Strangers strangers_{3};
  std::vector<std::optional<Strangers::Place>> places_;
  std::vector<int> dropped_;
};

TEST_F(StrangersTest, TheOldestMakesRoom) {
  for (int i = 0; i < 5; ++i) enter();
  EXPECT_EQ(dropped_, (std::vector<int>{0, 1}));
  EXPECT_TRUE(places_[0]->was_dropped());
  EXPECT_FALSE(places_[2]->was_dropped());
  EXPECT_EQ(strangers_.count(), 3U);
}

TEST_F(StrangersTest, WhoShowsSomethingStaysLonger) {
  enter(true);
  for (int i = 0; i < 4; ++i) enter();
  EXPECT_EQ(dropped_, (std::vector<int>{1, 2}));
  for (int i = 0; i < 3; ++i) enter(true);
  EXPECT_EQ(dropped_, (std::vector<int>{1, 2, 3, 4, 0})) << "but not for ever";
}

TEST_F(StrangersTest, WhoIsKnownOrGoneHasNoPlace) {
  for (int i = 0; i < 3; ++i) enter();
  places_[0]->leave();
  places_[1].reset();
  EXPECT_EQ(strangers_.count(), 1U);
  enter();
  enter();
  EXPECT_TRUE(dropped_.empty());
  EXPECT_TRUE(strangers_.drop_one());
  EXPECT_EQ(dropped_, std::vector<int>{2});
}

TEST_F(StrangersTest, NobodyCanBeDroppedWhenNobodyIsThere) {
  EXPECT_FALSE(strangers_.drop_one());
}

}  // namespace
}  // namespace edge::net
