// Boxes, letters and colours on pictures of objects.
#include <gtest/gtest.h>

#include <set>

#include "engine/tensor.h"
#include "roles/drawing/bitmap_font.h"
#include "roles/drawing/canvas.h"
#include "roles/drawing/object_drawing.h"

namespace edge::drawing {
namespace {

constexpr Colour black{0, 0, 0}, red{255, 0, 0};

std::int64_t count(const Canvas& canvas, const Colour& colour) {
  std::int64_t found = 0;
  for (std::int64_t row = 0; row < canvas.size().rows; ++row) {
    for (std::int64_t column = 0; column < canvas.size().columns; ++column) {
      if (canvas.at(row, column) == colour) ++found;
    }
  }
  return found;
}

TEST(Canvas, RectanglesEndAtItsEdges) {
  Canvas canvas({10, 20});
  canvas.fill(2, 3, 4, 6, red);
  EXPECT_EQ(count(canvas, red), 6);
  EXPECT_EQ(canvas.at(2, 3), red);
  EXPECT_EQ(canvas.at(3, 5), red);
  EXPECT_EQ(canvas.at(4, 5), black);
  canvas.fill(-100, -100, 100, 100, red);
  EXPECT_EQ(count(canvas, red), 200);
  canvas.fill(5, 5, 4, 4, black);
  EXPECT_EQ(count(canvas, red), 200);
}

TEST(Canvas, OutlinesAreInsideOfTheirRectangle) {
  Canvas canvas({20, 20});
  canvas.outline(2, 3, 12, 15, 2, red);
  EXPECT_EQ(count(canvas, red), 10 * 12 - 6 * 8);
  EXPECT_EQ(canvas.at(4, 5), black);
  EXPECT_EQ(canvas.at(3, 5), red);
  Canvas thin({20, 20});
  thin.outline(5, 5, 6, 9, 3, red);  // flatter than its line is wide
  EXPECT_EQ(count(thin, red), 4);
  Canvas outside({20, 20});
  outside.outline(-5, -5, 30, 30, 2, red);
  EXPECT_EQ(count(outside, red), 0);
}

TEST(Canvas, TextHasTheSizeThatIsSaid) {
  for (const std::int64_t scale : {1, 3}) {
    const Extent2d size = text_size("Ab|_", scale);
    EXPECT_EQ(size, (Extent2d{8 * scale, 23 * scale}));
    Canvas exact(size), larger({size.rows + 20, size.columns + 20});
    exact.text(0, 0, "Ab|_", scale, red);
    larger.text(10, 10, "Ab|_", scale, red);
    EXPECT_GT(count(exact, red), 0);
    EXPECT_EQ(count(exact, red), count(larger, red));
    EXPECT_EQ(count(exact, red) % (scale * scale), 0);
  }
  EXPECT_EQ(text_size("", 2).columns, 0);
  EXPECT_EQ(text_size("M\xc3\xbcll", 1), text_size("Mull", 1));  // one character of two bytes
}

TEST(Canvas, OfFrames) {
  Tensor frame({1, 3, 1, 2});
  const float values[] = {1, -0.5F, 0.5F, 2, 0, 0.1F};
  std::copy(std::begin(values), std::end(values), frame.data());
  const Canvas canvas(frame, {2, 1, 0});
  EXPECT_EQ(canvas.at(0, 0), (Colour{0, 128, 255}));
  EXPECT_EQ(canvas.at(0, 1), (Colour{26, 255, 0}));
}

TEST(BitmapFont, EveryLetterLooksDifferent) {
  std::set<std::string> seen;
  for (char32_t letter = U' '; letter <= U'~'; ++letter) {
    std::string dots;
    for (int row = 0; row < glyph_rows; ++row) {
      for (int column = 0; column < glyph_columns; ++column)
        dots += glyph_has(letter, row, column) ? '#' : '.';
    }
    EXPECT_TRUE(seen.insert(dots).second) << static_cast<char>(letter);
  }
  EXPECT_EQ(glyph_has(0xfc, 0, 2), glyph_has(U'?', 0, 2));
  EXPECT_EQ(glyph_has(7, 3, 2), glyph_has(U'?', 3, 2));
}

TEST(ObjectDrawing, BoxesInTheColourOfTheirClass) {
  std::set<Colour> colours;
  for (int i = 0; i < 80; ++i) colours.insert(colour_of(i));
  EXPECT_GT(colours.size(), 75U);

  const Labels labels({"car", "person"});
  Canvas canvas({240, 320});
  draw_objects(canvas, std::vector<detection::Detection>{{0, 0.9F, {100, 100, 200, 180}}}, labels);
  EXPECT_EQ(canvas.at(100, 150), colour_of(0));
  EXPECT_EQ(canvas.at(179, 199), colour_of(0));
  EXPECT_EQ(canvas.at(140, 150), black);
  EXPECT_EQ(canvas.at(95, 101), colour_of(0));  // the plate with its name
  // The best one is on top.
  draw_objects(canvas,
               std::vector<detection::Detection>{{1, 0.9F, {50, 50, 90, 90}}, {0, 0.5F, {50, 50, 90, 90}}},
               labels);
  EXPECT_EQ(canvas.at(89, 70), colour_of(1));
  // Of two boxes in one place both captions can be read.
  Canvas two({240, 320});
  draw_objects(
      two, std::vector<detection::Detection>{{0, 0.9F, {50, 50, 150, 150}}, {1, 0.5F, {50, 50, 150, 150}}},
      labels);
  EXPECT_EQ(two.at(49, 51), colour_of(0));
  EXPECT_GT(count(two, colour_of(1)), 300);
  // Whatever the box, and without a name, nothing is drawn outside.
  draw_objects(canvas,
               std::vector<detection::Detection>{{1000, 1, {0, 0, 320, 240}}, {7, 0.2F, {310, 0, 320, 5}}},
               {});
}

}  // namespace
}  // namespace edge::drawing
