// What is done with pictures: keys, options, the layer that follows from them, and its words.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/models/input_layers.h"
#include "roles/config/config.h"
#include "roles/config/preprocessing.h"

namespace edge {
namespace {

template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string error_of_keys(const std::string& keys) {
  return error_of([&] {
    (void)parse_config("[[workers]]\naddress = 'a:1'\n[model]\nname = 'toy_dag'\n" + keys + "\n", "c.toml");
  });
}

Preprocessing keys(const std::string& text) {
  return parse_config("[[workers]]\naddress = 'a:1'\n[model]\nname = 'toy_dag'\n" + text + "\n", "c.toml")
      .model.preprocessing;
}

/// What a pixel value of 0 to 255 becomes in each channel.
std::array<double, 3> outcome(const Preprocessing& preprocessing, double pixel) {
  std::array<double, 3> values{};
  const auto layer = normalization_layer(preprocessing);
  for (std::size_t i = 0; i < 3; ++i) {
    values[i] = layer ? pixel / 255 * double{layer->scale[i]} + double{layer->shift[i]} : pixel / 255;
  }
  return values;
}

TEST(Preprocessing, PublishedOnes) {
  const auto expect = [](const Preprocessing& preprocessing, double pixel,
                         const std::array<double, 3>& expected) {
    const std::array<double, 3> values = outcome(preprocessing, pixel);
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_NEAR(values[i], expected[i], 1e-5 * (1 + std::abs(expected[i])));
  };
  // torchvision
  expect(keys("normalize = 'imagenet'"), 51,
         {(0.2 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, (0.2 - 0.406) / 0.225});
  EXPECT_EQ(keys("normalize = 'imagenet'"), keys("mean = 'imagenet'\nstd = 'imagenet'"));
  // NanoDet
  const Preprocessing nanodet = keys(
      "channels = 'bgr'\npixel_range = 255\nmean = [103.53, 116.28, 123.675]\nstd = [57.375, 57.12, 58.395]");
  expect(nanodet, 200, {(200 - 103.53) / 57.375, (200 - 116.28) / 57.12, (200 - 123.675) / 58.395});
  EXPECT_EQ(nanodet.channels, ChannelOrder::bgr);
  // YOLOX
  const Preprocessing yolox = keys("fit = 'letterbox'\npad = 114\nchannels = 'bgr'\npixel_range = 255");
  expect(yolox, 137, {137, 137, 137});
  EXPECT_EQ(yolox.pad, (std::array<std::uint8_t, 3>{114, 114, 114}));
  EXPECT_EQ(yolox.fit, Fit::letterbox);
  // BlazeFace, both ways
  expect(keys("mean = 0.5\nstd = 0.5"), 255, {1, 1, 1});
  expect(keys("mean = 127.5\nstd = 127.5\npixel_range = 255"), 0, {-1, -1, -1});
  // A name is meant for any range.
  const Preprocessing wide = keys("pixel_range = 255\nnormalize = 'imagenet'");
  EXPECT_EQ(normalization_layer(wide)->scale, normalization_layer(keys("normalize = 'imagenet'"))->scale);
}

TEST(Preprocessing, NothingToDoIsNoLayer) {
  EXPECT_FALSE(normalization_layer({}));
  EXPECT_FALSE(
      normalization_layer(keys("mean = 0\nstd = [1, 1, 1]\nfit = 'crop'\nchannels = 'bgr'\npad = 3")));
  EXPECT_TRUE(normalization_layer(keys("pixel_range = 255")));
}

TEST(Preprocessing, MistakesInTheConfig) {
  EXPECT_EQ(error_of_keys("fit = 'leterbox'"),
            "c.toml:5: model.fit: expected one of stretch, letterbox, crop, found 'leterbox'; did you mean "
            "'letterbox'?");
  EXPECT_EQ(error_of_keys("channels = 'yuv'"),
            "c.toml:5: model.channels: expected one of rgb, bgr, found 'yuv'");
  EXPECT_EQ(error_of_keys("pad = 256"),
            "c.toml:5: model.pad: expected 0 to 255, or [red, green, blue] of these, found 256");
  EXPECT_EQ(error_of_keys("pad = [1, 2]"),
            "c.toml:5: model.pad: expected 0 to 255, or [red, green, blue] of these, found 2 numbers");
  EXPECT_EQ(error_of_keys("pad = 'grey'"),
            "c.toml:5: model.pad: expected 0 to 255, or [red, green, blue] of these, found 'grey'");
  EXPECT_EQ(error_of_keys("pad = 0.5"),
            "c.toml:5: model.pad: expected 0 to 255, or [red, green, blue] of these, found 0.5");
  EXPECT_EQ(error_of_keys("pixel_range = 2"),
            "c.toml:5: model.pixel_range: expected 1 (pixels are 0 to 1) or 255 (0 to 255), found 2");
  EXPECT_EQ(error_of_keys("pixel_range = 256"),
            "c.toml:5: model.pixel_range: expected 1 (pixels are 0 to 1) or 255 (0 to 255), found 256");
  EXPECT_EQ(error_of_keys("channels = bgr"),
            "c.toml:5: not valid TOML: text needs quotes: channels = \"bgr\"");
  EXPECT_EQ(error_of_keys("std = 0"), "c.toml:5: model.std: must be 1e-06 to 1000000, found 0");
  EXPECT_EQ(error_of_keys("std = [1, 1, nan]"), "c.toml:5: model.std: must be 1e-06 to 1000000, found nan");
  EXPECT_EQ(error_of_keys("mean = 'coco'"),
            "c.toml:5: model.mean: expected a number, [one, per, channel] or \"imagenet\", found 'coco'");
  EXPECT_EQ(error_of_keys("mean = [1, 2, 3, 4]"),
            "c.toml:5: model.mean: expected a number, [one, per, channel] or \"imagenet\", found 4 numbers");
  EXPECT_EQ(error_of_keys("mean = true"),
            "c.toml:5: model.mean: expected a number or an array of numbers, found a boolean");
  EXPECT_EQ(error_of_keys("normalize = 'imagenet'\nstd = 2"),
            "c.toml:5: model.normalize: std says that already; leave one of them out");
}

TEST(Preprocessing, OptionsReplaceWhatTheConfigSays) {
  Preprocessing preprocessing = keys("fit = 'crop'\nmean = 'imagenet'\nstd = 'imagenet'\npad = 7");
  apply({.fit = "letterbox", .pad = "1,2,3", .channels = "bgr", .pixel_range = "255", .mean = "0.5,1,-2"},
        preprocessing);
  EXPECT_EQ(preprocessing, (Preprocessing{.fit = Fit::letterbox,
                                          .pad = {1, 2, 3},
                                          .channels = ChannelOrder::bgr,
                                          .pixel_range = 255,
                                          .mean = {{0.5, 1, -2}},
                                          .deviation = {.numbers = {}, .imagenet = true}}));
  apply({.normalize = "none"}, preprocessing);
  EXPECT_EQ(preprocessing.mean, Preprocessing{}.mean);
  EXPECT_EQ(preprocessing.deviation, Preprocessing{}.deviation);
  const auto message = [](const PreprocessingTexts& texts) {
    Preprocessing any;
    return error_of([&] { apply(texts, any); });
  };
  EXPECT_EQ(message({.fit = "fill"}), "--fit: expected one of stretch, letterbox, crop, found 'fill'");
  EXPECT_EQ(message({.pixel_range = "2"}),
            "--pixel-range: expected 1 (pixels are 0 to 1) or 255 (0 to 255), found 2");
  EXPECT_EQ(message({.pixel_range = "1,1"}), "--pixel-range: expected 1 or 255, found '1,1'");
  EXPECT_EQ(message({.mean = "1,2,"}),
            "--mean: expected a number, three with commas between them, or imagenet, found '1,2,'");
  EXPECT_EQ(message({.pad = "300"}), "--pad: expected 0 to 255, or RED,GREEN,BLUE of these, found 300");
  EXPECT_EQ(message({.deviation = "-1"}), "--std: must be 1e-06 to 1000000, found -1");
  EXPECT_EQ(message({.mean = "1", .normalize = "none"}),
            "--normalize: --mean says that already; leave one of them out");
}

TEST(Preprocessing, Words) {
  const Preprocessing nanodet =
      keys("channels = 'bgr'\npixel_range = 255\nmean = [103.53, 116.28, 123.675]\nstd = 57\npad = 114");
  EXPECT_EQ(preprocessing_text(nanodet, Fit::letterbox, false),
            "letterbox, pad 114, bgr, pixel_range 255, mean 103.53 116.28 123.675, std 57");
  EXPECT_EQ(preprocessing_text(nanodet, Fit::stretch, true),
            "stretch, bgr, 0..255, mean 103.53 116.28 123.675, std 57");
  EXPECT_EQ(preprocessing_text({}, Fit::stretch, false), "");
  EXPECT_EQ(preprocessing_text({}, Fit::letterbox, true), "letterbox, pad 0, rgb, 0..1");
  EXPECT_EQ(preprocessing_text(keys("normalize = 'imagenet'"), Fit::crop, false), "crop, normalize imagenet");
}

}  // namespace
}  // namespace edge
