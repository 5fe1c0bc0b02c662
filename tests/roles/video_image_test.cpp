// Conversion from YUV and scaling.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "roles/video/plane_scaler.h"
#include "roles/video/yuv.h"

namespace edge {
namespace {

void expect_formula(YuvMatrix matrix, double red, double blue) {
  // Every 5th value of each component against the formula in floating point.
  const double green = 1 - red - blue;
  for (const YuvRange range : {YuvRange::limited, YuvRange::full}) {
    const bool limited = range == YuvRange::limited;
    const double luma_gain = limited ? 255.0 / 219 : 1, chroma_gain = limited ? 255.0 / 224 : 1;
    for (int y = 0; y < 256; y += 5) {
      for (int u = 0; u < 256; u += 5) {
        for (int v = 0; v < 256; v += 5) {
          const auto byte = [](int value) { return static_cast<std::uint8_t>(value); };
          const std::array<std::uint8_t, 3> yuv = {byte(y), byte(u), byte(v)};
          std::array<std::uint8_t, 3> rgb{};
          yuv_to_rgb(matrix, range, &yuv[0], &yuv[1], &yuv[2], &rgb[0], &rgb[1], &rgb[2], 1);
          const double luma = luma_gain * (y - (limited ? 16 : 0));
          const double cb = chroma_gain * (u - 128), cr = chroma_gain * (v - 128);
          const double to_red = 2 * (1 - red) * cr, to_blue = 2 * (1 - blue) * cb;
          const std::array<double, 3> expected = {
              luma + to_red, luma - (blue * to_blue + red * to_red) / green, luma + to_blue};
          for (std::size_t i = 0; i < 3; ++i) {
            ASSERT_NEAR(rgb[i], std::clamp(expected[i], 0.0, 255.0), 0.51) << y << " " << u << " " << v;
          }
        }
      }
    }
  }
}

TEST(Yuv, FollowsBt601) {
  expect_formula(YuvMatrix::bt601, 0.299, 0.114);
}

TEST(Yuv, FollowsBt709) {
  expect_formula(YuvMatrix::bt709, 0.2126, 0.0722);
}

std::vector<std::uint8_t> scaled(const std::vector<std::uint8_t>& in, PlaneScaler::Extent rows,
                                 PlaneScaler::Extent columns) {
  std::vector<std::uint8_t> out(static_cast<std::size_t>(rows.out * columns.out));
  PlaneScaler(rows, columns).scale(in.data(), out.data());
  return out;
}

TEST(PlaneScaler, KeepsAnUnchangedSize) {
  const std::vector<std::uint8_t> plane = {0, 255, 3, 77, 128, 9};
  EXPECT_EQ(scaled(plane, {2, 2}, {3, 3}), plane);
}

TEST(PlaneScaler, KeepsConstantsAtAnySize) {
  for (const std::int64_t in : {1, 2, 3, 7, 64, 127}) {
    for (const std::int64_t out : {1, 2, 5, 16, 127, 300}) {
      for (const Siting siting : {Siting::centre, Siting::first}) {
        for (const int value : {0, 1, 254, 255}) {
          const std::vector<std::uint8_t> plane(static_cast<std::size_t>(in * 3),
                                                static_cast<std::uint8_t>(value));
          for (const std::uint8_t pixel : scaled(plane, {3, 2}, {in, out, siting})) ASSERT_EQ(pixel, value);
          for (const std::uint8_t pixel : scaled(plane, {in, out, siting}, {3, 4})) ASSERT_EQ(pixel, value);
        }
      }
    }
  }
}

TEST(PlaneScaler, Interpolates) {
  EXPECT_EQ(scaled({0, 200}, {1, 1}, {2, 4}), (std::vector<std::uint8_t>{0, 50, 150, 200}));
  EXPECT_EQ(scaled({0, 200}, {2, 4}, {1, 1}), (std::vector<std::uint8_t>{0, 50, 150, 200}));
  // Samples on the first of two pixels: pixel 1 lies halfway.
  EXPECT_EQ(scaled({0, 200}, {1, 1}, {2, 4, Siting::first}), (std::vector<std::uint8_t>{0, 100, 200, 200}));
  // Shrinking to half: weights 1 3 3 1, the edge repeated.
  EXPECT_EQ(scaled({0, 80, 160, 240}, {1, 1}, {4, 2}), (std::vector<std::uint8_t>{50, 190}));
}

TEST(PlaneScaler, SkipsNoPixelWhenShrinking) {
  for (std::size_t bright = 0; bright < 40; ++bright) {
    std::vector<std::uint8_t> plane(40, 0);
    plane[bright] = 255;
    int sum = 0;
    for (const std::uint8_t pixel : scaled(plane, {1, 1}, {40, 7})) sum += pixel;
    EXPECT_GT(sum, 20) << bright;
  }
}

}  // namespace
}  // namespace edge
