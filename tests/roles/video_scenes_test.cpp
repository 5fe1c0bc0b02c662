// Synthetic scenes: parameters, reproducible bytes, and that they are what their names say.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "engine/error.h"
#include "roles/video/frame_source.h"
#include "roles/video/scenes/scene.h"
#include "tests/roles/video_pixels.h"

namespace edge {
namespace {

std::vector<std::vector<int>> play(const std::string& source, std::size_t count, std::int64_t rows = 48,
                                   std::int64_t columns = 72) {
  const auto opened = open_frame_source({.source = source, .rows = rows, .columns = columns});
  std::vector<std::vector<int>> frames;
  while (frames.size() < count) {
    const auto frame = opened->next();
    if (!frame) break;
    EXPECT_EQ(frame->shape(), (Shape{1, 3, rows, columns}));
    frames.push_back(test::pixels_of(*frame));
  }
  return frames;
}

double changed(const std::vector<int>& a, const std::vector<int>& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] != b[i] ? 1U : 0U;
  return static_cast<double>(count) / static_cast<double>(a.size());
}

// FNV-1a
std::uint64_t fingerprint(const std::vector<std::vector<int>>& frames) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const auto& frame : frames) {
    for (const int pixel : frame) value = (value ^ static_cast<std::uint64_t>(pixel)) * 0x100000001b3;
  }
  return value;
}

TEST(Scenes, ParsesParameters) {
  const SceneOptions options = parse_scene("synthetic:street?seed=7&noise=2&objects=5&frames=100&fps=12");
  EXPECT_EQ(options.name, "street");
  EXPECT_EQ(options.seed, 7U);
  EXPECT_EQ(options.noise, 2);
  EXPECT_EQ(options.objects, 5);
  EXPECT_EQ(options.frames, 100);
  EXPECT_EQ(options.frames_per_second, 12);
  EXPECT_EQ(parse_scene("synthetic:noise").frames, 0);
  EXPECT_EQ(parse_scene("synthetic:static?").name, "static");
}

TEST(Scenes, ListsWhatIsKnown) {
  const auto refusal = [](const std::string& text) -> std::string {
    try {
      parse_scene(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(refusal("synthetic:steet"),
            "synthetic:steet: unknown scene 'steet'; known are street, static, noise");
  EXPECT_EQ(refusal("synthetic:"), "synthetic:: unknown scene ''; known are street, static, noise");
  EXPECT_EQ(refusal("synthetic:street?sede=1"),
            "synthetic:street?sede=1: unknown parameter 'sede'; known are seed, noise, objects, frames, fps");
  EXPECT_EQ(refusal("synthetic:street?noise=256"),
            "synthetic:street?noise=256: noise must be a whole number from 0 to 255, not '256'");
  EXPECT_EQ(refusal("synthetic:street?noise"),
            "synthetic:street?noise: noise must be a whole number from 0 to 255, not ''");
  EXPECT_EQ(
      refusal("synthetic:street?seed=1&frames=1x"),
      "synthetic:street?seed=1&frames=1x: frames must be a whole number from 0 to 1000000000, not '1x'");
}

TEST(Scenes, EndAfterTheStatedFrames) {
  EXPECT_EQ(play("synthetic:street?frames=3", 10).size(), 3U);
  const auto looped = open_frame_source(
      {.source = "synthetic:street?frames=1&fps=30", .rows = 8, .columns = 8, .loop = true});
  EXPECT_EQ(looped->frames_per_second(), 30);
  for (int frame = 0; frame < 5; ++frame) EXPECT_TRUE(looped->next());
  looped->cancel();
  EXPECT_FALSE(looped->next());
}

// The same bytes on every platform: this runs on x86, and under QEMU for armv7 and aarch64.
TEST(Scenes, HaveTheSameBytesEverywhere) {
  EXPECT_EQ(fingerprint(play("synthetic:street?seed=1&noise=2&objects=6", 3)), 5803792793959874690U);
  EXPECT_EQ(fingerprint(play("synthetic:static?seed=2", 2)), 10113055674815697609U);
  EXPECT_EQ(fingerprint(play("synthetic:noise?seed=3", 2)), 5070389584397839326U);
}

TEST(Scenes, AreWhatTheirNamesSay) {
  const auto street = play("synthetic:street?fps=5", 4, 96, 144);
  const auto still = play("synthetic:static", 4, 96, 144);
  const auto noise = play("synthetic:noise", 4, 96, 144);
  for (std::size_t frame = 1; frame < 4; ++frame) {
    EXPECT_GT(changed(street[frame], street[frame - 1]), 0.002);
    EXPECT_LT(changed(street[frame], street[frame - 1]), 0.2);
    EXPECT_EQ(still[frame], still[0]);
    EXPECT_GT(changed(noise[frame], noise[frame - 1]), 0.99);
  }
}

TEST(Scenes, SensorNoiseStaysWithinItsAmplitude) {
  const auto clean = play("synthetic:static", 2);
  const auto noisy = play("synthetic:static?noise=3", 2);
  EXPECT_GT(changed(noisy[0], noisy[1]), 0.7);
  std::set<int> seen;
  for (std::size_t i = 0; i < clean[0].size(); ++i) {
    if (clean[0][i] >= 3 && clean[0][i] <= 252) seen.insert(noisy[0][i] - clean[0][i]);
  }
  EXPECT_EQ(seen, (std::set<int>{-3, -2, -1, 0, 1, 2, 3}));
}

TEST(Scenes, DifferBySeedAndObjects) {
  const auto first = play("synthetic:street?seed=1", 1);
  EXPECT_NE(play("synthetic:street?seed=2", 1), first);
  EXPECT_NE(play("synthetic:street?seed=1&objects=9", 1), first);
}

TEST(Scenes, FitAnyFrameSize) {
  for (const auto& [rows, columns] : {std::pair{1, 1}, {1, 300}, {300, 1}, {17, 5}, {2, 2}}) {
    EXPECT_EQ(play("synthetic:street?objects=100&noise=5", 3, rows, columns).size(), 3U);
  }
}

/// A pair of renderings that differ by the object alone tells where it is drawn; its shadow lies around its
/// feet.
TEST(Scenes, TheTruthIsWhereObjectsAreDrawn) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    SceneOptions options{.name = "street", .rows = 240, .columns = 360, .seed = seed, .objects = 1};
    const auto street = make_scene(options);
    options.objects = 0;
    const auto empty = make_scene(options);
    int seen = 0;
    for (const std::int64_t frame : {0, 30, 60, 90}) {
      std::vector<std::uint8_t> with(3 * 240 * 360);
      std::vector<std::uint8_t> without(with.size());
      street->render(frame, with.data());
      empty->render(frame, without.data());
      const std::vector<SceneObject> objects = street->objects(frame);
      EXPECT_TRUE(empty->objects(frame).empty());
      EXPECT_EQ(objects.empty(), with == without) << "seed " << seed << ", frame " << frame;
      if (objects.empty()) continue;
      ++seen;
      const SceneObject& object = objects.front();
      EXPECT_STREQ(scene_classes[static_cast<std::size_t>(object.class_index)], "car");
      std::int64_t top = 240;
      for (std::int64_t i = 0; i < 240 * 360; ++i) {
        if (with[static_cast<std::size_t>(i)] == without[static_cast<std::size_t>(i)]) continue;
        top = std::min(top, i / 360);
        EXPECT_GE(i % 360, object.left - 1);
        EXPECT_LT(i % 360, object.right + 1);
      }
      EXPECT_NEAR(static_cast<double>(top), static_cast<double>(object.top), 1);
      const bool whole = object.left > 0 && object.right < 360;
      EXPECT_EQ(object.visible == 1, whole) << object.visible;
    }
    EXPECT_GT(seen, 0) << "seed " << seed;
  }
}

TEST(Scenes, WhatIsHiddenIsSaid) {
  const auto crowd = make_scene({.name = "street", .rows = 240, .columns = 360, .seed = 5, .objects = 40});
  std::size_t hidden = 0;
  for (const SceneObject& object : crowd->objects(100)) {
    EXPECT_GT(object.visible, 0);
    EXPECT_LE(object.visible, 1);
    EXPECT_GE(object.left, 0);
    EXPECT_GE(object.top, 0);
    EXPECT_LE(object.right, 360);
    EXPECT_LE(object.bottom, 240);
    EXPECT_LT(object.left, object.right);
    EXPECT_LT(object.top, object.bottom);
    if (object.visible < 1) ++hidden;
  }
  EXPECT_GT(hidden, 5U);
  EXPECT_TRUE(make_scene({.name = "noise", .rows = 24, .columns = 36})->objects(0).empty());
}

}  // namespace
}  // namespace edge
