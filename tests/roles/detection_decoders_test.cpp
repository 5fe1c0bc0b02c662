// Each decoder on outputs that were made by hand: boxes are found where they were put, numbers that are none
// are never boxes.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/error.h"
#include "roles/detection/decoders/candidates.h"
#include "roles/detection/decoders/default_boxes.h"
#include "tests/roles/detection_formats.h"

namespace edge::detection::test {
namespace {

TEST(Decoders, FindBoxesWhereTheyWerePut) {
  Draw draw(11);
  for (const Format& format : formats()) {
    for (const Extent2d& frame :
         {Extent2d{320, 320}, Extent2d{416, 416}, Extent2d{480, 640}, Extent2d{352, 224}}) {
      for (const int classes : {3, 80}) {
        SCOPED_TRACE(format.decoder + " " + std::to_string(frame.rows) + " " + std::to_string(classes));
        const std::vector<Tensor> empty = format.empty(frame, classes);
        const auto decoder = decoder_of(format.decoder, frame, shapes_of(empty));
        ASSERT_TRUE(decoder);
        EXPECT_EQ(decoder->name(), format.decoder);
        EXPECT_EQ(decoder->classes(), classes);
        EXPECT_TRUE(decoder->decode(arrays(empty), 0.35F).empty());
        for (int i = 0; i < 4; ++i) {
          std::vector<Tensor> outputs = format.empty(frame, classes);
          const std::vector<Put> put{format.put(outputs, frame, classes, draw)};
          expect_found(decoder->decode(arrays(outputs), 0.35F), put, 0.05F);
        }
      }
    }
  }
}

TEST(Decoders, OrderOfOutputsDoesNotMatter) {
  Draw draw(5);
  const Extent2d frame{416, 416};
  std::vector<Tensor> outputs = nanodet_pairs(frame, 80, 0.01F);
  std::vector<Put> put;
  put.push_back(put_nanodet_pair(outputs, frame, 80, draw));
  for (int i = 0; i < 20; ++i) {
    for (std::size_t k = outputs.size() - 1; k > 0; --k) {
      std::swap(outputs[k], outputs[static_cast<std::size_t>(draw(static_cast<std::int64_t>(k + 1)))]);
    }
    const auto decoder = decoder_of("nanodet", frame, shapes_of(outputs), Choice::guessed);
    ASSERT_TRUE(decoder);
    expect_found(decoder->decode(arrays(outputs), 0.35F), put);
  }
  const Extent2d small{320, 320};
  std::vector<Tensor> ssd = formats()[9].empty(small, 91);
  put = {put_ssdlite(ssd, small, 91, draw)};
  expect_found(decoder_of("ssd", small, shapes_of(ssd))->decode(arrays(ssd), 0.35F), put);
  std::swap(ssd[0], ssd[1]);
  expect_found(decoder_of("ssd", small, shapes_of(ssd))->decode(arrays(ssd), 0.35F), put);
}

TEST(Decoders, Yolov5MapsBeforeTheirDecoding) {
  const Extent2d frame{64, 96};
  std::vector<Tensor> maps;
  for (const std::int64_t s : {8, 16, 32}) maps.push_back(filled({1, 3, 64 / s, 96 / s, 7}, -9));
  // Stride 16, third anchor (59x119), row 1, column 2 of 4x6 cells.
  float* const row = maps[1].data() + ((2 * 4 + 1) * 6 + 2) * 7;
  write_row(row, {0, 0, 0, 0, 20, -20, 0});
  const std::vector<Put> put{
      {.class_index = 1, .score = 0.5F, .x = 2.5F * 16, .y = 1.5F * 16, .width = 59, .height = 119}};
  const auto decoder = decoder_of("yolov5", frame, shapes_of(maps));
  ASSERT_TRUE(decoder);
  EXPECT_EQ(decoder->classes(), 2);
  expect_found(decoder->decode(arrays(maps), 0.4F), put);
  EXPECT_TRUE(decoder->decode(arrays(maps), 0.6F).empty());
  EXPECT_FALSE(decoder_of("yolov5", frame, shapes_of(maps), Choice::guessed));
  // Beside the decoded output they do not count.
  std::vector<Tensor> four{Tensor::zeros({1, 3 * sum_of(frame, {8, 16, 32}), 7})};
  four.insert(four.end(), maps.begin(), maps.end());
  std::rotate(four.begin(), four.begin() + 1, four.end());
  write_row(four[3].data() + 7, {30, 20, 10, 6, 1, 0.25F, 0.75F});
  const auto of_four = decoder_of("yolov5", frame, shapes_of(four), Choice::guessed);
  ASSERT_TRUE(of_four);
  expect_found(of_four->decode(arrays(four), 0.4F),
               {{.class_index = 1, .score = 0.75F, .x = 30, .y = 20, .width = 10, .height = 6}});
}

TEST(Decoders, BlazefaceInBothSizesAndForms) {
  for (const std::int64_t side : {128, 256}) {
    const auto pixels = static_cast<float>(side) / 16;  // of a cell of the fine grid
    std::vector<Tensor> outputs{filled({1, 512, 1}, -200), filled({1, 384, 1}, -200),
                                Tensor::zeros({1, 512, 16}), Tensor::zeros({1, 384, 16})};
    outputs[0].data()[(3 * 16 + 5) * 2 + 1] = 200;  // clipped to 100
    write_row(outputs[2].data() + ((3 * 16 + 5) * 2 + 1) * 16, {1, -2, 20, 30});
    outputs[1].data()[(2 * 8 + 7) * 6 + 5] = 0;
    write_row(outputs[3].data() + ((2 * 8 + 7) * 6 + 5) * 16, {0, 0, 10, 10});
    const std::vector<Put> put{{0, 1.0F, 5.5F * pixels + 1, 3.5F * pixels - 2, 20, 30},
                               {0, 0.5F, 7.5F * 2 * pixels, 2.5F * 2 * pixels, 10, 10}};
    const auto decoder = decoder_of("blazeface", {side, side}, shapes_of(outputs), Choice::guessed);
    ASSERT_TRUE(decoder);
    EXPECT_EQ(decoder->classes(), 1);
    expect_found(decoder->decode(arrays(outputs), 0.5F), put);

    std::vector<Tensor> joined{Tensor({1, 896, 16}), Tensor({1, 896, 1})};
    std::copy_n(outputs[2].data(), 512 * 16, joined[0].data());
    std::copy_n(outputs[3].data(), 384 * 16, joined[0].data() + 512 * 16);
    std::copy_n(outputs[0].data(), 512, joined[1].data());
    std::copy_n(outputs[1].data(), 384, joined[1].data() + 512);
    const auto of_joined = decoder_of("blazeface", {side, side}, shapes_of(joined), Choice::guessed);
    ASSERT_TRUE(of_joined);
    expect_found(of_joined->decode(arrays(joined), 0.5F), put);
  }
}

TEST(Decoders, OneOutputOfNanodetWithThreeStrides) {
  const Extent2d frame{320, 320};
  std::vector<Tensor> outputs{Tensor::zeros({1, 2100, 112})};
  const Cell cell{.number = 41, .row = 1, .column = 1, .stride = 8, .level = 0, .in_level = 41};
  Draw draw(3);
  float* const row = outputs[0].data() + cell.number * 112;
  const Put object = put_distances(row + 80, 8, cell, 0.5F, 80, draw);
  row[object.class_index] = object.score;
  const auto decoder = decoder_of("nanodet", frame, shapes_of(outputs), Choice::guessed);
  ASSERT_TRUE(decoder);
  expect_found(decoder->decode(arrays(outputs), 0.35F), {object});
}

TEST(Decoders, DefaultBoxesAreTorchvisions) {
  // Of DefaultBoxGenerator of torchvision 0.14: ssdlite320 and ssd300, some of its rows by hand from its
  // formula.
  const std::vector<DefaultBox> lite = ssdlite_boxes({320, 320});
  ASSERT_EQ(lite.size(), 3234U);
  EXPECT_FLOAT_EQ(lite[0].x, 8);
  EXPECT_FLOAT_EQ(lite[0].width, 64);  // scale 0.2
  EXPECT_FLOAT_EQ(lite[1].width, std::sqrt(0.2F * 0.35F) * 320);
  EXPECT_FLOAT_EQ(lite[2].width, 0.2F * std::sqrt(2.0F) * 320);
  EXPECT_FLOAT_EQ(lite[2].height, 0.2F / std::sqrt(2.0F) * 320);
  EXPECT_FLOAT_EQ(lite[3].width, lite[2].height);
  EXPECT_FLOAT_EQ(lite[6].x, 24);
  EXPECT_FLOAT_EQ(lite[20 * 6].y, 24);
  EXPECT_FLOAT_EQ(lite.back().x, 160);
  EXPECT_FLOAT_EQ(lite.back().height, 320);  // 0.95 * sqrt(3), clipped
  const std::vector<DefaultBox> full = ssd300_boxes({300, 300});
  ASSERT_EQ(full.size(), 8732U);
  EXPECT_FLOAT_EQ(full[0].x, 4);
  EXPECT_FLOAT_EQ(full[0].width, 21);
  EXPECT_FLOAT_EQ(full[4].x, 12);
  EXPECT_FLOAT_EQ(full.back().x, 150);
  EXPECT_TRUE(ssd300_boxes({100, 100}).empty());
  EXPECT_EQ(ssdlite_boxes({320, 480}).size(), 6U * (20 * 30 + 10 * 15 + 5 * 8 + 3 * 4 + 2 * 2 + 1));
}

TEST(Decoders, ValuesTellReadyBoxesOfSsdFromCorrections) {
  // pytorch-ssd at 300x300 has as many boxes as torchvision's ssdlite would have.
  const Extent2d frame{300, 300};
  ASSERT_EQ(ssdlite_boxes(frame).size(), 3000U);
  std::vector<Tensor> outputs{Tensor::zeros({1, 3000, 21}), Tensor::zeros({1, 3000, 4})};
  write_row(outputs[1].data(), {0.25F, 0.5F, 0.75F, 1});
  outputs[0].data()[7] = 0.9F;
  const std::vector<Put> put{{7, 0.9F, 150, 225, 150, 150}};
  const auto decoder = decoder_of("ssd", frame, shapes_of(outputs), Choice::guessed);
  ASSERT_TRUE(decoder);
  expect_found(decoder->decode(arrays(outputs), 0.4F), put);
  write_row(outputs[1].data(), {75, 150, 225, 300});  // in pixels
  expect_found(decoder->decode(arrays(outputs), 0.4F), put);
}

TEST(Decoders, WhatIsNoNumberIsNoBox) {
  Draw draw(17);
  std::vector<Format> all = formats();
  all.push_back({"blazeface",
                 [](const Extent2d&, int) {
                   return std::vector{Tensor({1, 512, 1}), Tensor({1, 384, 1}), Tensor({1, 512, 16}),
                                      Tensor({1, 384, 16})};
                 },
                 {}});
  all.push_back({"yolov5",
                 [](const Extent2d& f, int c) {
                   std::vector<Tensor> maps;
                   for (const std::int64_t s : {8, 16, 32})
                     maps.emplace_back(Shape{1, 3, f.rows / s, f.columns / s, 5 + c});
                   return maps;
                 },
                 {}});
  const float specials[] = {NAN, INFINITY, -INFINITY, 3e38F, -3e38F, 1e-40F, 0.9F, 1.0F, -0.0F};
  for (const Format& format : all) {
    const Extent2d frame = format.decoder == "blazeface" ? Extent2d{128, 128} : Extent2d{96, 64};
    std::vector<Tensor> outputs = format.empty(frame, 5);
    const auto decoder = decoder_of(format.decoder, frame, shapes_of(outputs));
    ASSERT_TRUE(decoder) << format.decoder;
    for (int round = 0; round < 30; ++round) {
      for (Tensor& output : outputs) {
        for (float& value : output.values()) {
          if (round % 3 == 0) value = std::bit_cast<float>(draw.bits());
          if (round % 3 == 1) value = specials[draw(std::int64_t{9})];
          if (round % 3 == 2) value = draw(std::int64_t{50}) == 0 ? NAN : draw(0.0F, 1.0F);
        }
      }
      for (const float threshold : {0.0F, 0.3F, 1.0F}) {
        for (const Detection& found : decoder->decode(arrays(outputs), threshold)) {
          EXPECT_TRUE(std::isfinite(found.box.left) && std::isfinite(found.box.top) &&
                      std::isfinite(found.box.right) && std::isfinite(found.box.bottom));
          EXPECT_TRUE(found.score >= threshold && found.score <= 1) << format.decoder << found.score;
          EXPECT_TRUE(found.class_index >= 0 && found.class_index < decoder->classes());
        }
        const Placement placement = place(Fit::letterbox, {480, 720}, frame);
        const std::vector<Detection> objects =
            find_objects(*decoder, arrays(outputs), {.threshold = threshold}, placement);
        EXPECT_LE(objects.size(), most_objects);
        for (const Detection& object : objects) {
          EXPECT_GT(object.box.area(), 0);
          EXPECT_TRUE(object.box.left >= 0 && object.box.right <= 720 && object.box.top >= 0 &&
                      object.box.bottom <= 480);
        }
      }
    }
  }
}

TEST(Candidates, OnlySoManyOfTheBestAreKept) {
  Candidates candidates(0.1F);
  const Box box{.left = 0, .top = 0, .right = 1, .bottom = 1};
  std::vector<float> scores;
  Draw draw(2);
  for (int i = 0; i < 20'000; ++i) {
    scores.push_back(std::floor(draw(0.0F, 1.0F) * 40) / 40);  // many equal ones
    candidates.add(i, scores.back(), box);
  }
  const std::vector<Detection> kept = candidates.take();
  ASSERT_EQ(kept.size(), most_candidates);
  std::vector<std::size_t> wanted(scores.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = i;
  std::stable_sort(wanted.begin(), wanted.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  wanted.resize(most_candidates);
  std::sort(wanted.begin(), wanted.end());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    ASSERT_EQ(static_cast<std::size_t>(kept[i].class_index), wanted[i]) << i;
  }
}

}  // namespace
}  // namespace edge::detection::test
