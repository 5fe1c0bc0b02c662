#include "kernels/resize.h"

#include <gtest/gtest.h>

namespace edge::kernels {
namespace {

TEST(Resize, interpolates_between_rows_and_columns) {
  ThreadPool pool(2);
  const std::vector<float> in{0, 4, 8, 12};  // 2x2
  const ResizeShape shape{.planes = 1,
                          .in_rows = 2,
                          .in_columns = 2,
                          .rows = {{0, 0, 0}, {0, 1, 0.5F}},
                          .columns = {{0, 1, 0.25F}, {1, 1, 0}, {-1, 0, 0}},
                          .outside = 9};
  std::vector<float> out(6);
  resize(shape, in.data(), out.data(), pool);
  EXPECT_EQ(out, (std::vector<float>{1, 4, 9, 5, 8, 9}));
}

TEST(Resize, nearest_repeats_rows_of_every_plane) {
  ThreadPool pool(2);
  ResizeShape shape{.planes = 3, .in_rows = 2, .in_columns = 1, .rows = {}, .columns = {}};
  for (std::int32_t i = 0; i < 6; ++i) shape.rows.push_back({i / 3, i / 3, 0});
  for (std::int32_t i = 0; i < 9000; ++i) shape.columns.push_back({0, 0, 0});
  const std::vector<float> in{1, 2, 3, 4, 5, 6};
  std::vector<float> out(3 * 6 * 9000);
  resize(shape, in.data(), out.data(), pool);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t row = i / 9000;
    ASSERT_EQ(out[i], in[row / 6 * 2 + row % 6 / 3]) << i;
  }
}

}  // namespace
}  // namespace edge::kernels
