#include "kernels/padding.h"

#include <gtest/gtest.h>

#include <vector>

namespace edge::kernels {
namespace {

std::vector<float> padded(PaddingMode mode, std::int64_t before, std::int64_t after) {
  ThreadPool pool(1);
  const std::vector<float> in{1, 2, 3, 4, 5, 6};  // 2x3
  const PaddingShape shape{{2, 3}, {before, 2}, {after, 1}, mode, 9};
  std::vector<float> out(static_cast<std::size_t>(2 + before + after) * 6);
  pad(shape, in.data(), out.data(), pool);
  return out;
}

TEST(Padding, all_modes) {
  EXPECT_EQ(padded(PaddingMode::constant, 1, 0),
            (std::vector<float>{9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 3, 9, 9, 9, 4, 5, 6, 9}));
  EXPECT_EQ(padded(PaddingMode::edge, 0, 1),
            (std::vector<float>{1, 1, 1, 2, 3, 3, 4, 4, 4, 5, 6, 6, 4, 4, 4, 5, 6, 6}));
  EXPECT_EQ(padded(PaddingMode::reflect, 1, 0),
            (std::vector<float>{6, 5, 4, 5, 6, 5, 3, 2, 1, 2, 3, 2, 6, 5, 4, 5, 6, 5}));
}

}  // namespace
}  // namespace edge::kernels
