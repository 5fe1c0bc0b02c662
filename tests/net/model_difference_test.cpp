// What the refusal of another network tells.
#include "net/model_difference.h"

#include <gtest/gtest.h>

namespace edge::net {
namespace {

TEST(ModelDifference, NamesTheKeys) {
  const std::string plain = "alexnet, 480x720, seed 1";
  EXPECT_EQ(differing_keys(plain, plain), "");
  EXPECT_EQ(differing_keys(plain, "vgg16, 480x720, seed 1"), "name");
  EXPECT_EQ(differing_keys(plain, "alexnet features, 480x720, seed 1"), "features_only");
  EXPECT_EQ(differing_keys(plain, "alexnet, 360x640, seed 1"), "frame_size");
  EXPECT_EQ(differing_keys(plain, "alexnet, 480x720, seed 2"), "seed");
  EXPECT_EQ(differing_keys(plain, "alexnet, 480x720, a.pth (0123abcd)"), "seed and weights");
  EXPECT_EQ(differing_keys("alexnet, 480x720, a.pth (0123abcd)", "alexnet, 480x720, a.pth (4567abcd)"),
            "weights");
  EXPECT_EQ(differing_keys("n.onnx, 416x416, letterbox, bgr, pixel_range 255, mean 1 2 3, onnx 01",
                           "n.onnx, 320x416, mean 1 2 4, std 5, onnx 01"),
            "frame_size, fit, channels, pixel_range, mean and std");
}

TEST(ModelDifference, AnyTextsWillDo) {
  EXPECT_EQ(differing_keys("", ""), "");
  EXPECT_EQ(differing_keys("", "a"), "name");
  EXPECT_EQ(differing_keys("a", "a, b, c"), "weights");
  EXPECT_EQ(differing_keys(", , , ", ", , , x"), "weights");
}

}  // namespace
}  // namespace edge::net
