// Values on grids: every ISA against the scalar kernels, bit for bit, in buffers of exact size; and what
// rounding and codes promise.
#include "kernels/value_grid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/value_grid_variants.h"
#include "tests/kernels/guarded_buffer.h"
#include "tests/kernels/kernel_values.h"

namespace edge::kernels {
namespace {

using test::GuardedBuffer;

const std::vector<std::size_t> value_grid_sizes{0, 1, 7, 8, 9, 15, 16, 31, 64, 100, 1001};
const std::vector<int> steps{lowest_step, -31, -8, -7, 0, 3, highest_step};

std::vector<std::uint32_t> bits_of(std::span<const float> values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

/// Around a grid of `step`: multiples, halves between them, small and large ones, now and then something odd.
std::vector<float> values_near(int step, std::size_t count, std::mt19937& random) {
  const float size = size_of_step(step);
  std::vector<float> values = random_floats(count, random, 9);
  for (float& value : values) {
    const auto kind = random() % 8;
    const auto k = static_cast<float>(static_cast<int>(random() % 700) - 350);
    if (kind < 3) value = k * size;
    if (kind == 3) value = (k + 0.5F) * size;
    if (kind == 4) value = k * 1.2345F * size;
    if (kind == 5) value = std::ldexp(k * size, static_cast<int>(random() % 40));
  }
  return values;
}

TEST(ValueGrid, EveryIsaGivesTheSameBits) {
  std::mt19937 random(1);
  for (const ValueGridKernels* kernels : value_grid_variants()) {
    if (!isa_supported(kernels->isa)) continue;
    for (const std::size_t count : value_grid_sizes) {
      for (const int step : steps) {
        SCOPED_TRACE(std::string(isa_name(kernels->isa)) + ", " + std::to_string(count) + " values, step 2^" +
                     std::to_string(step));
        const float size = size_of_step(step);
        const float inverse = 1 / size;
        const std::vector<float> values = values_near(step, count, random);
        GuardedBuffer<float> in(values);

        const std::uint32_t low = std::bit_cast<std::uint32_t>(20 * size);
        const std::uint32_t high = std::bit_cast<std::uint32_t>(200 * size);
        const MagnitudeCounts expected = value_grid_scalar.count_magnitudes(values.data(), count, low, high);
        const MagnitudeCounts counted = kernels->count_magnitudes(in.data(), count, low, high);
        EXPECT_EQ(counted.low, expected.low);
        EXPECT_EQ(counted.high, expected.high);
        EXPECT_EQ(counted.negative, expected.negative);

        const GridNumbers grid = grid_numbers({.step = step, .hold = 27});
        std::vector<float> held = values_near(step, count, random);
        value_grid_scalar.round_to_grid(held.data(), nullptr, count, grid, held.data());
        GuardedBuffer<float> old_values(held);
        for (const bool with_held : {false, true}) {
          std::vector<float> rounded(count);
          const GridError error = value_grid_scalar.round_to_grid(
              values.data(), with_held ? held.data() : nullptr, count, grid, rounded.data());
          GuardedBuffer<float> out(count);
          const GridError same = kernels->round_to_grid(in.data(), with_held ? old_values.data() : nullptr,
                                                        count, grid, out.data());
          EXPECT_EQ(bits_of(out.span()), bits_of(rounded));
          EXPECT_TRUE(same_float(kernels->isa, error.largest_error, same.largest_error));
          EXPECT_TRUE(same_float(kernels->isa, error.largest_value, same.largest_value));
        }

        for (const bool is_signed : {false, true}) {
          std::vector<std::uint8_t> codes(count);
          value_grid_scalar.byte_codes(values.data(), count, size, inverse, is_signed, codes.data());
          GuardedBuffer<std::uint8_t> out(count);
          kernels->byte_codes(in.data(), count, size, inverse, is_signed, out.data());
          EXPECT_EQ(out.values(), codes);
          for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(random());
          std::vector<float> back(count);
          value_grid_scalar.byte_values(codes.data(), values.data(), count, size, is_signed, back.data());
          GuardedBuffer<std::uint8_t> given(codes);
          GuardedBuffer<float> restored(count);
          kernels->byte_values(given.data(), in.data(), count, size, is_signed, restored.data());
          EXPECT_EQ(bits_of(restored.span()), bits_of(back));
        }

        std::vector<std::uint16_t> codes(count);
        value_grid_scalar.short_codes(values.data(), count, size, inverse, codes.data());
        GuardedBuffer<std::uint16_t> out(count);
        kernels->short_codes(in.data(), count, size, inverse, out.data());
        EXPECT_EQ(out.values(), codes);
        std::vector<std::uint16_t> old_codes(count);
        for (std::uint16_t& code : old_codes) code = static_cast<std::uint16_t>(random());
        std::vector<float> back(count);
        value_grid_scalar.short_values(old_codes.data(), nullptr, count, size, back.data());
        GuardedBuffer<std::uint16_t> old(old_codes);
        GuardedBuffer<float> restored(count);
        kernels->short_values(old.data(), nullptr, count, size, restored.data());
        EXPECT_EQ(bits_of(restored.span()), bits_of(back));

        std::vector<std::uint8_t> lows(count);
        std::vector<std::uint8_t> highs(count);
        value_grid_scalar.split_differences(codes.data(), old_codes.data(), count, lows.data(), highs.data());
        GuardedBuffer<std::uint8_t> low_plane(count);
        GuardedBuffer<std::uint8_t> high_plane(count);
        kernels->split_differences(out.data(), old.data(), count, low_plane.data(), high_plane.data());
        EXPECT_EQ(low_plane.values(), lows);
        EXPECT_EQ(high_plane.values(), highs);
        GuardedBuffer<std::uint16_t> joined(count);
        kernels->join_differences(low_plane.data(), high_plane.data(), old.data(), count, joined.data());
        EXPECT_EQ(joined.values(), codes);
      }
    }
  }
}

TEST(ValueGrid, RoundsToTheNearestStep) {
  std::mt19937 random(2);
  for (const int step : steps) {
    const std::vector<float> values = values_near(step, 2000, random);
    std::vector<float> rounded(values.size());
    const GridError error =
        round_to_grid(active_isa(), values.data(), nullptr, values.size(), {.step = step}, rounded.data());
    const double size = size_of_step(step);
    EXPECT_LE(error.largest_error, size * (0.5 + 1e-6));
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i]) || std::fabs(values[i]) >= size * 0x1p22) {
        EXPECT_EQ(bits_of({&rounded[i], 1}), bits_of({&values[i], 1}));
        continue;
      }
      const double exact = values[i] / size;
      EXPECT_LE(std::fabs(rounded[i] / size - exact), 0.5 + 2e-7 * std::fabs(exact));
      EXPECT_EQ(rounded[i] / size, std::nearbyint(rounded[i] / size));
      EXPECT_FALSE(rounded[i] == 0 && std::signbit(rounded[i]));
    }
    // Rounded once more they stay.
    std::vector<float> again(values.size());
    round_to_grid(active_isa(), rounded.data(), nullptr, values.size(), {.step = step}, again.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isfinite(values[i])) {
        EXPECT_EQ(again[i], rounded[i]);
      }
    }
  }
}

TEST(ValueGrid, CodesOfTwoBytesAreExactOnTheirGrid) {
  std::mt19937 random(3);
  for (const int step : steps) {
    std::vector<float> values(2000);
    for (float& value : values) {
      value = static_cast<float>(static_cast<int>(random() % 65535) - 32767) * size_of_step(step);
    }
    std::vector<std::uint16_t> codes(values.size());
    short_codes(active_isa(), values.data(), codes.size(), step, codes.data());
    EXPECT_EQ(std::count(codes.begin(), codes.end(), short_escape), 0);
    std::vector<float> back(values.size());
    short_values(active_isa(), codes.data(), nullptr, codes.size(), step, back.data());
    EXPECT_EQ(back, values);
  }
}

TEST(ValueGrid, HoldsWhatIsNearlyTheSame) {
  const std::vector<float> held{8, 8, 8, 8, -8};
  const std::vector<float> values{8.8F, 7.2F, 8.9F, 7.1F, -8.84375F};
  std::vector<float> rounded(values.size());
  const GridError error = round_to_grid(active_isa(), values.data(), held.data(), values.size(),
                                        {.step = 0, .hold = 27}, rounded.data());
  EXPECT_EQ(rounded, (std::vector<float>{8, 8, 9, 7, -8}));
  EXPECT_EQ(error.largest_error, 0.84375F);
  EXPECT_EQ(error.largest_value, 8.9F);
}

TEST(ValueGrid, CodesGiveTheirValuesBack) {
  std::vector<float> values{0, 1, 127, 254, 255, 300, -1, -127, -128, 0.5F, -0.0F, INFINITY, NAN, 1e30F};
  for (float& value : values) value *= 0.25F;
  const auto codes_of = [&](bool is_signed) {
    std::vector<std::uint8_t> codes(values.size());
    byte_codes(active_isa(), values.data(), values.size(), {.step = -4, .is_signed = is_signed},
               codes.data());
    return codes;
  };
  EXPECT_EQ(codes_of(false),
            (std::vector<std::uint8_t>{0, 1, 127, 254, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}));
  EXPECT_EQ(codes_of(true),
            (std::vector<std::uint8_t>{0, 1, 127, 128, 128, 128, 255, 129, 128, 128, 128, 128, 128, 128}));
  std::vector<float> back(values.size());
  byte_values(active_isa(), codes_of(true).data(), values.data(), values.size(),
              {.step = -4, .is_signed = true}, back.data());
  EXPECT_EQ(bits_of(back), bits_of(values));  // escapes keep what was there
}

}  // namespace
}  // namespace edge::kernels
