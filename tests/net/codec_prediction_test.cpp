#include <gtest/gtest.h>

#include <vector>

#include "net/codec/prediction.h"
#include "tests/net/codec_support.h"

namespace edge::net {
namespace {

using test::Random;

std::vector<std::uint8_t> random_bytes(std::size_t count, Random& random) {
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
  return bytes;
}

TEST(Prediction, cuts_rgb_frames_into_three_planes) {
  const PlaneLayout rgb = plane_layout(Shape{1, 3, 5, 7});
  EXPECT_EQ(rgb.planes, 3U);
  EXPECT_EQ(rgb.plane_elements, 35U);
  EXPECT_EQ(rgb.columns, 7U);
  const PlaneLayout two = plane_layout(Shape{1, 2, 5, 7});
  EXPECT_EQ(two.planes, 1U);
  EXPECT_EQ(two.plane_elements, 70U);
  EXPECT_EQ(two.columns, 7U);
  EXPECT_EQ(plane_layout(Shape{}).plane_elements, 1U);
  EXPECT_EQ(plane_layout(Shape{1, 0, 5, 7}).plane_elements, 0U);
}

TEST(Prediction, is_what_the_format_says) {
  const PlaneLayout layout = plane_layout(Shape{1, 3, 2, 1});
  const std::vector<std::uint8_t> values{10, 20, 30, 50, 200, 210};
  const std::vector<std::uint8_t> base{9, 20, 31, 40, 255, 0};
  std::vector<std::uint8_t> residuals(6);
  predict(values.data(), base.data(), layout, 0, 2, residuals.data(), 2);
  // differences: {1, 0}, {-1, 10}, {-55, 210}; first and last minus middle
  EXPECT_EQ(residuals, (std::vector<std::uint8_t>{2, 246, 255, 10, 202, 200}));
  predict(values.data(), nullptr, layout, 0, 2, residuals.data(), 2);
  // differences to the row above: {10, 10}, {30, 20}, {200, 10}
  EXPECT_EQ(residuals, (std::vector<std::uint8_t>{236, 246, 30, 20, 170, 246}));
}

TEST(Prediction, is_undone_exactly) {
  Random random(2);
  for (const Shape& shape :
       {Shape{1, 3, 9, 13}, Shape{1, 3, 1, 2500}, Shape{1, 3, 40, 64}, Shape{1, 1, 7, 100}, Shape{1, 4, 6, 5},
        Shape{1, 1030}, Shape{3, 2}, Shape{1}, Shape{1, 3, 2, 1500}}) {
    const PlaneLayout layout = plane_layout(shape);
    const auto count = static_cast<std::size_t>(shape.elements());
    const std::vector<std::uint8_t> values = random_bytes(count, random);
    const std::vector<std::uint8_t> base = random_bytes(count, random);
    for (const std::uint8_t* old : {base.data(), static_cast<const std::uint8_t*>(nullptr)}) {
      std::vector<std::uint8_t> residuals(count);
      predict(values.data(), old, layout, 0, layout.plane_elements, residuals.data(), layout.plane_elements);
      std::vector<std::uint8_t> restored(count);
      restore(residuals.data(), old, layout, restored.data());
      ASSERT_EQ(restored, values) << shape.to_string();

      // any piece is predicted as it is in the whole
      const std::size_t first = random.below(layout.plane_elements);
      const std::size_t length = 1 + random.below(layout.plane_elements - first);
      std::vector<std::uint8_t> piece(layout.planes * length);
      predict(values.data(), old, layout, first, length, piece.data(), length);
      for (std::size_t p = 0; p < layout.planes; ++p) {
        for (std::size_t i = 0; i < length; ++i) {
          ASSERT_EQ(piece[p * length + i], residuals[p * layout.plane_elements + first + i]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace edge::net
