// Boxes: overlap, suppression, and objects from an output that marks centres.
#include "roles/detection/detection.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "roles/detection/centre_decoder.h"

namespace edge::detection {
namespace {

TEST(Detection, OverlapIsIntersectionOverUnion) {
  const Box box{.left = 0, .top = 0, .right = 4, .bottom = 2};
  EXPECT_FLOAT_EQ(overlap(box, box), 1);
  EXPECT_FLOAT_EQ(overlap(box, {.left = 2, .top = 0, .right = 6, .bottom = 2}), 4.0F / 12);
  EXPECT_FLOAT_EQ(overlap(box, {.left = 4, .top = 0, .right = 6, .bottom = 2}), 0);
  EXPECT_FLOAT_EQ(overlap({}, {}), 0);
  EXPECT_FLOAT_EQ((Box{.left = 3, .top = 0, .right = 1, .bottom = 2}).area(), 0);
}

TEST(Detection, TheBestOfOverlappingBoxesOfOneClassStays) {
  const Box box{.left = 0, .top = 0, .right = 10, .bottom = 10};
  const Box beside{.left = 1, .top = 0, .right = 11, .bottom = 10};
  const Box away{.left = 50, .top = 0, .right = 60, .bottom = 10};
  const std::vector<Detection> kept =
      suppress_overlapping({{0, 0.5F, box}, {0, 0.9F, beside}, {1, 0.4F, box}, {0, 0.3F, away}}, 0.5F);
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_FLOAT_EQ(kept[0].score, 0.9F);
  EXPECT_EQ(kept[1].class_index, 1);
  EXPECT_FLOAT_EQ(kept[2].box.left, 50);
}

TEST(CentreDecoder, CellsAboveTheThresholdProposeBoxes) {
  constexpr int cells = 6;  // 2 rows, 3 columns; 2 classes
  std::vector<float> planes(6 * cells, -10.0F);
  planes[cells + 4] = 0;          // class 1, row 1, column 1: probability 1/2
  planes[2 * cells + 4] = 0.25F;  // dx
  planes[3 * cells + 4] = -0.5F;  // dy
  planes[4 * cells + 4] = std::log(2.0F);
  planes[5 * cells + 4] = 0;
  const CentreGrid grid{.classes = 2, .rows = 2, .columns = 3, .stride = 8};
  const std::vector<Detection> found = decode_centres(grid, planes.data(), 0.5F);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].class_index, 1);
  EXPECT_FLOAT_EQ(found[0].score, 0.5F);
  EXPECT_FLOAT_EQ(found[0].box.left, 14 - 8);  // centre (1.75, 1) cells, 2 x 1 cells
  EXPECT_FLOAT_EQ(found[0].box.right, 14 + 8);
  EXPECT_FLOAT_EQ(found[0].box.top, 8 - 4);
  EXPECT_FLOAT_EQ(found[0].box.bottom, 8 + 4);
  EXPECT_TRUE(decode_centres(grid, planes.data(), 0.6F).empty());
  planes[cells + 4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(decode_centres(grid, planes.data(), 0.5F).empty());
}

}  // namespace
}  // namespace edge::detection
