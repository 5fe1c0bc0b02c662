// Every float16 and bfloat16, and every way in which rounding to them can go.
#include "engine/float_formats.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/value_digest.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

float decoded(FloatFormat format, std::uint16_t bits) {
  float value = 0;
  decode_floats(format, reinterpret_cast<const char*>(&bits), 1, &value);
  return value;
}

std::uint16_t encoded(FloatFormat format, float value) {
  std::uint16_t bits = 0;
  encode_floats(format, &value, 1, reinterpret_cast<char*>(&bits));
  return bits;
}

/// IEEE 754, clause 3.4, by the definition.
double half_value(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const double fraction = bits & 1023;
  const double magnitude = exponent == 0    ? std::ldexp(fraction, -24)
                           : exponent == 31 ? (fraction == 0 ? HUGE_VAL : NAN)
                                            : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(FloatFormats, every_float16) {
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const double expected = half_value(half);
    const float value = decoded(FloatFormat::f16, half);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value)) << bits;
      ASSERT_TRUE(std::isnan(half_value(encoded(FloatFormat::f16, value)))) << bits;
      continue;
    }
    ASSERT_EQ(value, expected) << bits;
    ASSERT_EQ(std::signbit(value), bits >= 32768) << bits;
    ASSERT_EQ(encoded(FloatFormat::f16, value), bits);
    // Between two neighbours: to the nearer one, and from the middle to the even one.
    if (std::isinf(expected) || (bits & 0x7fffU) == 0x7bffU) continue;
    const auto next = static_cast<float>(half_value(static_cast<std::uint16_t>(bits + 1)));
    const float middle = (value + next) / 2;
    ASSERT_EQ(encoded(FloatFormat::f16, middle), bits % 2 == 0 ? bits : bits + 1) << bits;
    ASSERT_EQ(encoded(FloatFormat::f16, std::nextafter(middle, value)), bits) << bits;
    ASSERT_EQ(encoded(FloatFormat::f16, std::nextafter(middle, next)), bits + 1) << bits;
  }
  EXPECT_EQ(encoded(FloatFormat::f16, 65519.996F), 0x7bff);
  EXPECT_EQ(encoded(FloatFormat::f16, 65520.0F), 0x7c00);
  EXPECT_EQ(encoded(FloatFormat::f16, -3e38F), 0xfc00);
  EXPECT_EQ(encoded(FloatFormat::f16, 1e-30F), 0);
}

TEST(FloatFormats, every_bfloat16) {
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const float value = decoded(FloatFormat::bf16, static_cast<std::uint16_t>(bits));
    ASSERT_EQ(std::bit_cast<std::uint32_t>(value), bits << 16);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(decoded(FloatFormat::bf16, encoded(FloatFormat::bf16, value))));
    } else {
      ASSERT_EQ(encoded(FloatFormat::bf16, value), bits);
    }
  }
  const auto rounded = [](std::uint32_t bits) {
    return encoded(FloatFormat::bf16, std::bit_cast<float>(bits));
  };
  EXPECT_EQ(rounded(0x3f808000), 0x3f80);  // from the middle to the even one
  EXPECT_EQ(rounded(0x3f818000), 0x3f82);
  EXPECT_EQ(rounded(0x3f808001), 0x3f81);
  EXPECT_EQ(rounded(0x7f7fffff), 0x7f80);
  EXPECT_EQ(rounded(0x7f800001) & 0x7fc0, 0x7fc0);  // a NaN does not become infinite
}

TEST(FloatFormats, bytes_of_any_alignment) {
  const std::vector<float> values{1.5F, -2.0F, 0.25F};
  for (const FloatFormat format : {FloatFormat::f32, FloatFormat::f16, FloatFormat::bf16, FloatFormat::f64}) {
    std::vector<char> bytes(1 + values.size() * size_of(format));
    encode_floats(format, values.data(), values.size(), bytes.data() + 1);
    std::vector<float> back(values.size());
    decode_floats(format, bytes.data() + 1, values.size(), back.data());
    EXPECT_EQ(back, values);
  }
}

TEST(FloatFormats, not_finite) {
  std::vector<float> values(100, std::numeric_limits<float>::max());
  EXPECT_EQ(count_not_finite(values.data(), values.size()), 0U);
  values[3] = NAN;
  values[50] = -HUGE_VALF;
  values[99] = HUGE_VALF;
  EXPECT_EQ(count_not_finite(values.data(), values.size()), 3U);
  EXPECT_EQ(count_not_finite(values.data(), 99), 2U);
}

TEST(ValueDigest, depends_on_every_value_its_place_and_their_number) {
  const Tensor tensor = test::random_tensor({100}, 1);
  std::vector<float> values(tensor.values().begin(), tensor.values().end());
  const auto digest = [&](std::size_t count, std::size_t first_part) {
    ValueDigest result;
    result.add(values.data(), first_part);
    result.add(values.data() + first_part, count - first_part);
    return result.hexadecimal();
  };
  const std::string expected = digest(100, 0);
  EXPECT_EQ(expected, digest(100, 48));
  EXPECT_EQ(expected, "5f46da6711e9adc0b85982b77ed6b575f7b2581a62a9c9b8ab4afedf5cbb78ee");
  EXPECT_NE(expected, digest(99, 0));
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (const float changed : {-values[i], std::nextafter(values[i], 9.0F)}) {
      const float before = std::exchange(values[i], changed);
      EXPECT_NE(digest(100, 0), expected) << i;
      values[i] = before;
    }
  }
  // Signs of two values of one lane, which sums without rotation would let cancel out.
  values[0] = -values[0];
  values[ValueDigest::lanes] = -values[ValueDigest::lanes];
  EXPECT_NE(digest(100, 0), expected);
  std::swap(values[2], values[2 + ValueDigest::lanes]);
  EXPECT_NE(digest(100, 0), expected);
}

}  // namespace
}  // namespace edge
