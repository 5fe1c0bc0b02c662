// Rounding for links: errors stay within their bound however long it goes on, what is unchanged stays
// unchanged, an outlier costs a channel nothing, and every ISA rounds alike.
#include "net/value_rounder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "kernels/value_grid.h"
#include "tests/net/codec_support.h"

namespace edge::net {
namespace {

using test::Random;

Array filled(const Shape& shape, const std::function<float(std::size_t)>& value) {
  FreshArray fresh = allocate_array(ElementType::f32, shape);
  for (std::size_t i = 0; i < fresh.array.elements(); ++i) reinterpret_cast<float*>(fresh.data)[i] = value(i);
  return fresh.array;
}

const Shape map_shape{1, 4, 32, 32};
constexpr std::size_t plane = 1024;

/// Noise around values up to 1, of a channel with a range of its own; the last channel has negative values.
Array noisy(Random& random, float noise) {
  return filled(map_shape, [&](std::size_t i) {
    const auto channel = static_cast<int>(i / plane);
    const auto base = static_cast<float>(i * 7919 % 1000) / 1000 - (channel == 3 ? 0.5F : 0.0F);
    return (base + noise * (static_cast<float>(random.below(2001)) / 1000 - 1)) *
           std::ldexp(1.0F, channel - 2);
  });
}

double largest_error_in_steps(const Array& exact, const Array& rounded) {
  double largest = 0;
  for (std::size_t i = 0; i < exact.elements(); ++i) {
    const double step = kernels::size_of_step(rounded.grid()->steps[i / plane]);
    largest = std::max(largest, std::fabs(double{exact.values()[i]} - rounded.values()[i]) / step);
  }
  return largest;
}

TEST(ValueRounder, ErrorsStayWithinTheirBound) {
  for (const ValueFormat format : {ValueFormat::float16, ValueFormat::int8}) {
    const double bound = format == ValueFormat::int8 ? ValueRounder::hold / 32.0 : 0.5;
    Random random(1);
    ValueRounder rounder;
    for (int frame = 0; frame < 100; ++frame) {
      const Array exact = noisy(random, 0.02F);
      const Array rounded = rounder.round(format, {{1, exact}}, 1).at(1);
      EXPECT_LE(largest_error_in_steps(exact, rounded), bound * (1 + 1e-3));
      EXPECT_GT(rounder.error(), 0);
      EXPECT_LT(rounder.error(), format == ValueFormat::int8 ? 0.015 : 2e-4);
    }
  }
}

TEST(ValueRounder, WhatIsUnchangedStaysBitForBit) {
  for (const ValueFormat format : {ValueFormat::float16, ValueFormat::int8}) {
    Random random(2);
    ValueRounder rounder;
    const Array first = noisy(random, 0.1F);
    Array before = rounder.round(format, {{1, first}}, 1).at(1);
    for (int frame = 0; frame < 20; ++frame) {
      // The upper half of each channel moves, by much; sometimes it is brighter than ever before.
      const float factor = frame % 5 == 0 ? 1.2F : 0.9F;
      const Array next = filled(map_shape, [&](std::size_t i) {
        return i % plane < plane / 2 ? factor * first.values()[(i + 13U) % plane + i / plane * plane]
                                     : first.values()[i];
      });
      const Array rounded = rounder.round(format, {{1, next}}, 1).at(1);
      if (rounded.grid()->steps == before.grid()->steps) {
        for (std::size_t i = 0; i < next.elements(); ++i) {
          if (i % plane >= plane / 2) {
            EXPECT_EQ(rounded.values()[i], before.values()[i]);
          }
        }
      } else {
        EXPECT_LE(frame, 1) << "steps wander";
      }
      before = rounded;
    }
  }
}

TEST(ValueRounder, HoldsNoise) {
  Random random(3);
  const auto changes = [&](ValueFormat format) {
    ValueRounder rounder;
    Array before;
    std::size_t changed = 0;
    for (int frame = 0; frame < 20; ++frame) {
      const Array rounded = rounder.round(format, {{1, noisy(random, 0.002F)}}, 1).at(1);
      for (std::size_t i = 0; frame > 0 && i < rounded.elements(); ++i) {
        changed += rounded.values()[i] != before.values()[i] ? 1 : 0;
      }
      before = rounded;
    }
    return changed;
  };
  EXPECT_LT(changes(ValueFormat::int8), 20 * 4 * plane / 20);
  EXPECT_GT(changes(ValueFormat::float16), 20 * 4 * plane / 2);
}

TEST(ValueRounder, AnOutlierCostsNoResolution) {
  for (const float outlier : {1e4F, 1e30F, INFINITY, NAN, -1e6F}) {
    Random random(4);
    const Array usual = noisy(random, 0.1F);
    const Array odd =
        filled(map_shape, [&](std::size_t i) { return i == 500 ? outlier : usual.values()[i]; });
    for (const ValueFormat format : {ValueFormat::float16, ValueFormat::int8}) {
      ValueRounder of_usual;
      ValueRounder of_odd;
      const Array a = of_usual.round(format, {{1, usual}}, 1).at(1);
      const Array b = of_odd.round(format, {{1, odd}}, 1).at(1);
      const bool more_signs = format == ValueFormat::int8 && outlier < 0;
      EXPECT_LE(b.grid()->steps[0] - a.grid()->steps[0], more_signs ? 2 : 0);
      if (std::isfinite(outlier)) {
        EXPECT_NEAR(b.values()[500] / outlier, 1, 1e-4);
      } else {
        EXPECT_EQ(std::isnan(b.values()[500]), std::isnan(outlier));
      }
      // Nothing is lost on the way either.
      std::vector<std::byte> bytes;
      encode(b, nullptr, {.speeds = {.link = 1}}, bytes);
      EXPECT_TRUE(test::same_elements(
          decode(bytes, ElementType::f32, map_shape, nullptr, kernels::active_isa()).array, b));
    }
  }
}

TEST(ValueRounder, EveryIsaRoundsAlike) {
  const std::vector<kernels::Isa> isas = test::supported_isas();
  for (const ValueFormat format : {ValueFormat::float16, ValueFormat::int8}) {
    std::vector<Array> expected;
    for (const kernels::Isa isa : isas) {
      Random random(5);
      ValueRounder rounder(isa);
      for (std::size_t frame = 0; frame < 10; ++frame) {
        const Array rounded = rounder.round(format, {{1, noisy(random, 0.02F)}}, 1).at(1);
        if (isa == isas.front()) expected.push_back(rounded);
        EXPECT_TRUE(test::same_elements(rounded, expected[frame]));
        EXPECT_EQ(rounded.grid()->steps, expected[frame].grid()->steps);
      }
    }
  }
}

TEST(ValueRounder, WhatPassesIsNotTouched) {
  Random random(6);
  const Array pixels = test::random_elements(ElementType::u8, {1, 3, 8, 8}, random);
  const Array passing = noisy(random, 0.1F);
  ValueRounder rounder;
  const ArrayMap rounded = rounder.round(ValueFormat::int8, {{0, pixels}, {2, passing}, {3, passing}}, 3);
  EXPECT_TRUE(bit_equal(rounded.at(0), pixels));
  EXPECT_TRUE(bit_equal(rounded.at(2), passing));
  EXPECT_FALSE(bit_equal(rounded.at(3), passing));
  EXPECT_TRUE(bit_equal(rounder.round(ValueFormat::exact, {{3, passing}}, 1).at(3), passing));
  EXPECT_EQ(rounder.error(), 0);
}

TEST(ValueRounder, AfterAResetItBeginsAnew) {
  Random random(7);
  ValueRounder rounder;
  rounder.round(ValueFormat::int8, {{1, noisy(random, 0.02F)}}, 1);
  const Array next = noisy(random, 0.02F);
  rounder.reset();
  const Array again = rounder.round(ValueFormat::int8, {{1, next}}, 1).at(1);
  EXPECT_TRUE(bit_equal(again, ValueRounder().round(ValueFormat::int8, {{1, next}}, 1).at(1)));
  EXPECT_LE(largest_error_in_steps(next, again), 0.5 + 1e-4);
}

TEST(ValueRounder, DeadAndTinyTensorsAreFine) {
  ValueRounder rounder;
  const Shape shape{1, 2, 4, 4};
  for (const float value : {0.0F, -0.0F, 1e-42F, 1e-30F}) {
    const Array array = filled(shape, [&](std::size_t) { return value; });
    for (const ValueFormat format : {ValueFormat::float16, ValueFormat::int8}) {
      const Array rounded = rounder.round(format, {{1, array}}, 1).at(1);
      for (const float one : rounded.values()) EXPECT_NEAR(one, value, 1e-17);
    }
  }
  EXPECT_NO_THROW(rounder.round(ValueFormat::int8,
                                {{1, filled(Shape{1, 0, 4, 4}, [](std::size_t) { return 1.0F; })}}, 1));
}

}  // namespace
}  // namespace edge::net
