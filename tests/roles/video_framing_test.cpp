// Pictures in frames: where they lie, and what is around them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "roles/video/frame_source.h"
#include "roles/video/framing.h"
#include "roles/video/placement.h"
#include "roles/video/plane_scaler.h"
#include "roles/video/y4m_source.h"
#include "tests/roles/video_memory_stream.h"

namespace edge {
namespace {

constexpr std::array<Extent2d, 9> sizes = {
    {{1, 1}, {2, 3}, {3, 2}, {48, 72}, {71, 49}, {432, 768}, {480, 720}, {1, 4096}, {1080, 1920}}};

TEST(Placement, KnownOnes) {
  EXPECT_EQ(place(Fit::letterbox, {432, 768}, {416, 416}), (Placement{{432, 768}, {234, 416}, 91, 0}));
  EXPECT_EQ(place(Fit::letterbox, {480, 720}, {416, 416}), (Placement{{480, 720}, {277, 416}, 69, 0}))
      << "277.33 rows, and the margin's half rounded down";
  EXPECT_EQ(place(Fit::letterbox, {720, 480}, {416, 416}), (Placement{{720, 480}, {416, 277}, 0, 69}));
  EXPECT_EQ(place(Fit::crop, {480, 720}, {224, 224}), (Placement{{480, 720}, {224, 336}, 0, -56}));
  EXPECT_EQ(place(Fit::crop, {4, 5}, {4, 4}), (Placement{{4, 5}, {4, 5}, 0, -1})) << "-0.5 rounds down";
  EXPECT_EQ(place(Fit::stretch, {480, 720}, {224, 200}), (Placement{{480, 720}, {224, 200}, 0, 0}));
  EXPECT_EQ(place(Fit::letterbox, {1, 4096}, {416, 416}), (Placement{{1, 4096}, {1, 416}, 207, 0}))
      << "no picture vanishes";
}

TEST(Placement, APictureOfTheFramesSizeStaysAsItIs) {
  for (const Extent2d& size : sizes) {
    for (const Fit fit : {Fit::stretch, Fit::letterbox, Fit::crop}) {
      EXPECT_EQ(place(fit, size, size), (Placement{size, size, 0, 0}));
    }
    EXPECT_EQ(whole_frame(size), (Placement{size, size, 0, 0}));
  }
}

TEST(Placement, LetterboxesAreWithinTheFrameAndCropsFillIt) {
  for (const Extent2d& picture : sizes) {
    for (const Extent2d& frame : sizes) {
      const Placement box = place(Fit::letterbox, picture, frame);
      EXPECT_LE(box.scaled.rows, frame.rows);
      EXPECT_LE(box.scaled.columns, frame.columns);
      EXPECT_TRUE(box.scaled.rows == frame.rows || box.scaled.columns == frame.columns);
      EXPECT_GE(box.top, 0);
      EXPECT_GE(box.left, 0);
      const VisiblePart part = visible_part(box, frame);
      EXPECT_EQ(part.size, box.scaled);
      EXPECT_EQ(part.in_picture, (Extent2d{0, 0}));
      EXPECT_EQ(part.in_frame, (Extent2d{box.top, box.left}));

      const Placement cut = place(Fit::crop, picture, frame);
      EXPECT_GE(cut.scaled.rows, frame.rows);
      EXPECT_GE(cut.scaled.columns, frame.columns);
      const VisiblePart whole = visible_part(cut, frame);
      EXPECT_EQ(whole.size, frame);
      EXPECT_EQ(whole.in_frame, (Extent2d{0, 0}));
      EXPECT_EQ(whole.in_picture, (Extent2d{-cut.top, -cut.left}));
    }
  }
}

TEST(Placement, PointsFindTheirWayBack) {
  for (const Fit fit : {Fit::stretch, Fit::letterbox, Fit::crop}) {
    const Placement placement = place(fit, {432, 768}, {416, 320});
    const double left = static_cast<double>(placement.left), top = static_cast<double>(placement.top);
    EXPECT_NEAR(placement.picture_x(left), 0, 1e-9);
    EXPECT_NEAR(placement.picture_y(top), 0, 1e-9);
    EXPECT_NEAR(placement.picture_x(left + static_cast<double>(placement.scaled.columns)), 768, 1e-9);
    EXPECT_NEAR(placement.picture_y(top + static_cast<double>(placement.scaled.rows)), 432, 1e-9);
    EXPECT_NEAR(placement.picture_x(left + static_cast<double>(placement.scaled.columns) / 2), 384, 1e-9);
  }
}

TEST(PlaneScaler, APartIsThatOfTheWhole) {
  constexpr std::int64_t rows = 13, columns = 17;
  std::vector<std::uint8_t> in(rows * columns);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint8_t>(i * 37 + i / 5 * 11);
  for (const Siting siting : {Siting::centre, Siting::first}) {
    for (const Extent2d& out : {Extent2d{13, 17}, Extent2d{7, 9}, Extent2d{40, 31}, Extent2d{13, 34}}) {
      std::vector<std::uint8_t> whole(static_cast<std::size_t>(out.rows * out.columns));
      PlaneScaler({rows, out.rows, siting}, {columns, out.columns, siting}).scale(in.data(), whole.data());
      const Extent2d begin{2, 3}, shown{4, 5};
      std::vector<std::uint8_t> part(static_cast<std::size_t>(shown.rows * shown.columns));
      PlaneScaler({rows, out.rows, siting, begin.rows, shown.rows},
                  {columns, out.columns, siting, begin.columns, shown.columns})
          .scale(in.data(), part.data());
      for (std::int64_t row = 0; row < shown.rows; ++row) {
        for (std::int64_t column = 0; column < shown.columns; ++column) {
          ASSERT_EQ(
              part[static_cast<std::size_t>(row * shown.columns + column)],
              whole[static_cast<std::size_t>((begin.rows + row) * out.columns + begin.columns + column)]);
        }
      }
    }
  }
}

/// A Y4M stream of one 4:2:0 picture: a gradient with strong colours.
std::string coloured_picture(std::int64_t rows, std::int64_t columns) {
  std::string bytes = fmt::format("YUV4MPEG2 W{} H{} F5:1\nFRAME\n", columns, rows);
  for (std::int64_t i = 0; i < rows * columns; ++i) bytes += static_cast<char>(16 + i * 7 % 220);
  for (std::int64_t i = 0; i < 2 * ((rows + 1) / 2) * ((columns + 1) / 2); ++i)
    bytes += static_cast<char>(i % 2 == 0 ? 240 : 30);
  return bytes;
}

struct Shown {
  Array frame;
  Placement placement;
};

Shown show(const std::string& bytes, const Extent2d& size, const Framing& framing) {
  const auto source = make_y4m_source(BufferedReader(std::make_shared<MemoryStream>(bytes)), "a.y4m",
                                      size.rows, size.columns, false, framing);
  std::optional<Array> frame = source->next();
  EXPECT_TRUE(frame);
  return {*frame, source->placement()};
}

std::uint8_t at(const Array& frame, std::int64_t plane, std::int64_t row, std::int64_t column) {
  const Shape& shape = frame.shape();
  return std::to_integer<std::uint8_t>(
      frame.span()[static_cast<std::size_t>((plane * shape[2] + row) * shape[3] + column)]);
}

TEST(Framing, Y4mLetterboxIsTheScaledPictureBetweenBarsOfExactlyThatColour) {
  for (const auto& [picture, frame] :
       {std::pair{Extent2d{20, 40}, Extent2d{33, 30}}, std::pair{Extent2d{40, 20}, Extent2d{31, 34}},
        std::pair{Extent2d{9, 16}, Extent2d{45, 60}}}) {
    const std::string bytes = coloured_picture(picture.rows, picture.columns);
    const Framing framing{.fit = Fit::letterbox, .pad = {114, 7, 255}};
    const Shown shown = show(bytes, frame, framing);
    const Placement& placement = shown.placement;
    EXPECT_EQ(placement, place(Fit::letterbox, picture, frame));
    const Array scaled = show(bytes, placement.scaled, {}).frame;
    for (std::int64_t plane = 0; plane < 3; ++plane) {
      for (std::int64_t row = 0; row < frame.rows; ++row) {
        for (std::int64_t column = 0; column < frame.columns; ++column) {
          const std::int64_t y = row - placement.top, x = column - placement.left;
          const bool inside = y >= 0 && x >= 0 && y < placement.scaled.rows && x < placement.scaled.columns;
          ASSERT_EQ(at(shown.frame, plane, row, column),
                    inside ? at(scaled, plane, y, x) : framing.pad[static_cast<std::size_t>(plane)])
              << plane << " " << row << " " << column;
        }
      }
    }
  }
}

TEST(Framing, Y4mCropIsAPartOfTheScaledPicture) {
  for (const auto& [picture, frame] :
       {std::pair{Extent2d{20, 41}, Extent2d{30, 30}}, std::pair{Extent2d{41, 20}, Extent2d{11, 17}},
        std::pair{Extent2d{16, 21}, Extent2d{16, 16}}}) {
    const std::string bytes = coloured_picture(picture.rows, picture.columns);
    const Shown shown = show(bytes, frame, {.fit = Fit::crop, .pad = {1, 2, 3}});
    const Placement& placement = shown.placement;
    EXPECT_EQ(placement, place(Fit::crop, picture, frame));
    const Array scaled = show(bytes, placement.scaled, {}).frame;
    for (std::int64_t plane = 0; plane < 3; ++plane) {
      for (std::int64_t row = 0; row < frame.rows; ++row) {
        for (std::int64_t column = 0; column < frame.columns; ++column) {
          ASSERT_EQ(at(shown.frame, plane, row, column),
                    at(scaled, plane, row - placement.top, column - placement.left));
        }
      }
    }
  }
}

TEST(Framing, BgrIsRgbInAnotherOrder) {
  const std::string bytes = coloured_picture(20, 40);
  Framing framing{.fit = Fit::letterbox, .pad = {10, 20, 30}};
  const Array rgb = show(bytes, {24, 24}, framing).frame;
  framing.channels = ChannelOrder::bgr;
  const Array bgr = show(bytes, {24, 24}, framing).frame;
  const auto scene = [&](ChannelOrder channels) {
    return *open_frame_source({.source = "synthetic:street?seed=2",
                               .rows = 24,
                               .columns = 24,
                               .framing = {.channels = channels}})
                ->next();
  };
  const Array drawn_rgb = scene(ChannelOrder::rgb), drawn_bgr = scene(ChannelOrder::bgr);
  for (std::int64_t plane = 0; plane < 3; ++plane) {
    for (std::int64_t row = 0; row < 24; ++row) {
      for (std::int64_t column = 0; column < 24; ++column) {
        ASSERT_EQ(at(rgb, plane, row, column), at(bgr, 2 - plane, row, column));
        ASSERT_EQ(at(drawn_rgb, plane, row, column), at(drawn_bgr, 2 - plane, row, column));
      }
    }
  }
}

TEST(Framing, ScenesAreDrawnInTheFramesSize) {
  const VideoOptions options{.source = "synthetic:street?frames=2", .rows = 24, .columns = 32};
  VideoOptions letterboxed = options;
  letterboxed.loop = true;
  letterboxed.framing.fit = Fit::letterbox;
  const auto plain = open_frame_source(options), other = open_frame_source(letterboxed);
  const std::optional<Array> one = plain->next(), two = other->next();
  EXPECT_TRUE(std::ranges::equal(one->span(), two->span()));
  EXPECT_EQ(other->placement(), whole_frame({24, 32})) << "through the loop";
}

}  // namespace
}  // namespace edge
