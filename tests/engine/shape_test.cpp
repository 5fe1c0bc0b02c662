#include "engine/shape.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace edge {
namespace {

TEST(Shape, counts_elements) {
  EXPECT_EQ(Shape({1, 3, 480, 720}).elements(), 1036800);
  EXPECT_EQ(Shape({4, 0, 7}).elements(), 0);
  EXPECT_EQ(Shape().elements(), 1);
  EXPECT_EQ(Shape().rank(), 0U);
}

TEST(Shape, elements_saturate_instead_of_overflowing) {
  const std::int64_t large = std::int64_t{1} << 40;
  EXPECT_EQ(Shape({large, large}).elements(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Shape({large, large, 0}).elements(), 0);
}

TEST(Shape, compares_rank_and_extents) {
  EXPECT_EQ(Shape({2, 3}), Shape(std::vector<std::int64_t>{2, 3}));
  EXPECT_NE(Shape({2, 3}), Shape({3, 2}));
  EXPECT_NE(Shape({2, 3}), Shape({2, 3, 1}));
}

TEST(Shape, prints) {
  EXPECT_EQ(Shape({1, 3, 480, 720}).to_string(), "1x3x480x720");
  EXPECT_EQ(Shape({7}).to_string(), "7");
  EXPECT_EQ(Shape().to_string(), "scalar");
}

}  // namespace
}  // namespace edge
