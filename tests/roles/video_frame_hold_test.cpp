// What the gate and the deadband let through, frame after frame.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "roles/video/frame_hold.h"
#include "roles/video/planar_frame.h"

namespace edge {
namespace {

constexpr std::int64_t rows = 64;
constexpr std::int64_t columns = 72;  // nine blocks: patterns of 8x8 blocks do not fit evenly
constexpr std::size_t plane = rows * columns;

Array picture(const std::vector<std::uint8_t>& pixels) {
  PlanarFrame frame(rows, columns);
  std::copy(pixels.begin(), pixels.end(), frame.planes);
  return frame.array;
}

Array even(std::uint8_t value) {
  return picture(std::vector<std::uint8_t>(3 * plane, value));
}

std::size_t pixels_of(const Array& frame, std::uint8_t value) {
  const auto octets = frame.octets();
  return static_cast<std::size_t>(std::count(octets.begin(), octets.end(), value));
}

TEST(FrameHold, OffItChangesNothing) {
  FrameHold hold({});
  hold.hold(even(10));
  const Array next = even(11);
  EXPECT_EQ(hold.hold(next).data(), next.data()) << "not even a copy";
}

TEST(FrameHold, WhatIsHeldIsTheSameArray) {
  FrameHold hold({.gate = 4, .refresh = 0});
  const Array first = hold.hold(even(100));
  EXPECT_EQ(hold.hold(even(102)).data(), first.data());
  FrameHold off({});
  const Array shown = off.hold(even(7));
  EXPECT_EQ(off.hold(even(7)).data(), shown.data()) << "another array of the same bits";
  FrameHold deadband({.deadband = 3});
  const Array kept = deadband.hold(even(50));
  EXPECT_EQ(deadband.hold(even(53)).data(), kept.data());
}

TEST(FrameHold, NoiseIsHeldAndAnObjectComesAndGoes) {
  FrameHold hold({.gate = 4, .refresh = 0});
  std::mt19937 random(1);
  const auto noisy = [&](bool object) {
    std::vector<std::uint8_t> pixels(3 * plane);
    for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(98 + random() % 5);
    for (std::size_t row = 18; object && row < 30; ++row) {
      for (std::size_t column = 34; column < 38; ++column) {
        for (std::size_t channel = 0; channel < 3; ++channel)
          pixels[channel * plane + row * columns + column] += 60;
      }
    }
    return picture(pixels);
  };
  const Array first = hold.hold(noisy(false));
  for (int frame = 0; frame < 5; ++frame) {
    const Array held = hold.hold(noisy(false));
    EXPECT_TRUE(std::equal(held.octets().begin(), held.octets().end(), first.octets().begin()));
  }
  const Array shown = noisy(true);
  const Array with_object = hold.hold(shown);
  std::size_t taken = 0;
  for (std::size_t i = 0; i < plane; ++i) {
    const std::size_t row = i / columns;
    const std::size_t column = i % columns;
    const bool in_object = row >= 18 && row < 30 && column >= 34 && column < 38;
    if (in_object) {
      EXPECT_EQ(with_object.octets()[i], shown.octets()[i]) << row << ", " << column;
    }
    if (with_object.octets()[i] != first.octets()[i]) ++taken;
  }
  EXPECT_LE(taken, 4U * 2 * 64) << "only blocks near the object";
  const Array gone = hold.hold(noisy(false));
  for (std::size_t i = 0; i < 3 * plane; ++i) EXPECT_LT(gone.octets()[i], 110) << "no ghost stays";
}

TEST(FrameHold, LightThatChangesEverywhereGetsThrough) {
  FrameHold hold({.gate = 4, .refresh = 0});
  hold.hold(even(100));
  EXPECT_EQ(pixels_of(hold.hold(even(106)), 106), 3 * plane);
  // Slowly, too: differences are to what is held, not to the frame before.
  FrameHold slow({.gate = 4, .refresh = 0});
  slow.hold(even(100));
  Array last;
  for (int step = 1; step <= 5; ++step) last = slow.hold(even(static_cast<std::uint8_t>(100 + step)));
  EXPECT_EQ(pixels_of(last, 105), 3 * plane);
}

TEST(FrameHold, RefreshTakesWholeFramesRarely) {
  for (const int frames_of_round : {64, 16, 10}) {
    FrameHold hold({.gate = 4, .refresh = 1.0 / frames_of_round});
    hold.hold(even(100));
    for (int frame = 1; frame <= 3 * frames_of_round; ++frame) {
      const bool taken = pixels_of(hold.hold(even(frame < 2 * frames_of_round ? 101 : 102)), 100) == 0;
      EXPECT_EQ(taken, frame >= frames_of_round) << "frame " << frame;
    }
  }
  FrameHold never({.gate = 4, .refresh = 0});
  never.hold(even(100));
  for (int frame = 0; frame < 200; ++frame) EXPECT_EQ(pixels_of(never.hold(even(101)), 101), 0U);
  FrameHold rarely({.gate = 4, .refresh = 1e-9});
  rarely.hold(even(100));
  EXPECT_EQ(pixels_of(rarely.hold(even(101)), 101), 0U);
  FrameHold always({.gate = 255, .refresh = 1});
  always.hold(even(100));
  EXPECT_EQ(pixels_of(always.hold(even(200)), 200), 3 * plane);
}

TEST(FrameHold, WithBothTheDeadbandHasTheLastWord) {
  FrameHold hold({.deadband = 3, .gate = 1, .refresh = 0});
  hold.hold(even(100));
  EXPECT_EQ(pixels_of(hold.hold(even(103)), 100), 3 * plane) << "passed the gate, but moves by 3 only";
  EXPECT_EQ(pixels_of(hold.hold(even(104)), 104), 3 * plane);
}

TEST(FrameHold, APictureOfAnotherSizeBeginsAnew) {
  FrameHold hold({.gate = 255});
  PlanarFrame small(8, 8);
  std::fill_n(small.planes, 3 * 64, std::uint8_t{9});
  hold.hold(small.array);
  EXPECT_EQ(pixels_of(hold.hold(even(10)), 10), 3 * plane);
}

}  // namespace
}  // namespace edge
