// Elementwise kernels: the scalar ones against their definitions, every other ISA bit for bit against the
// scalar ones, at all small sizes, in buffers of exact size between guard pages.
#include "kernels/pointwise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/pointwise_variants.h"
#include "tests/kernels/guarded_buffer.h"
#include "tests/kernels/kernel_values.h"

namespace edge::kernels {
namespace {

using test::GuardedBuffer;

std::vector<std::size_t> sizes() {
  std::vector<std::size_t> all(72);
  std::iota(all.begin(), all.end(), std::size_t{0});
  all.insert(all.end(), {127, 128, 1001});
  return all;
}

TEST(Pointwise, EveryVariantIsRegisteredOnce) {
  for (const Isa isa : isas_to_test()) {
    const auto variants = pointwise_variants();
    EXPECT_EQ(std::count_if(variants.begin(), variants.end(), [&](auto* one) { return one->isa == isa; }), 1)
        << isa_name(isa);
  }
}

TEST(Pointwise, ReluOfSpecialValues) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float denormal = std::numeric_limits<float>::denorm_min();
  const std::vector<float> in = {-1.0F,    -0.0F,    0.0F,      2.5F, -infinity,
                                 infinity, denormal, -denormal, NAN,  -NAN};
  const std::vector<float> expected = {0.0F, 0.0F, 0.0F, 2.5F, 0.0F, infinity, denormal, 0.0F};
  for (const Isa isa : isas_to_test()) {
    std::vector<float> out(in.size());
    relu(isa, in.data(), out.data(), in.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(expected[i]))
          << isa_name(isa) << i;
    }
    EXPECT_TRUE(std::isnan(out[8]) && std::isnan(out[9])) << isa_name(isa);
  }
}

TEST(Pointwise, ReluIsExactInEveryIsa) {
  std::mt19937 random(1);
  for (const Isa isa : isas_to_test()) {
    for (const std::size_t size : sizes()) {
      GuardedBuffer<float> in(random_floats(size, random));
      GuardedBuffer<float> out(size);
      std::vector<float> expected(size);
      relu(Isa::scalar, in.data(), expected.data(), size);
      relu(isa, in.data(), out.data(), size);
      // Scalar: even armv7 NEON must not flush denormals here.
      EXPECT_TRUE(same_floats(Isa::scalar, expected, out.span())) << isa_name(isa);
      relu(isa, in.data(), in.data(), size);
      EXPECT_TRUE(same_floats(Isa::scalar, expected, in.span())) << isa_name(isa) << " in place";
    }
  }
}

TEST(Pointwise, ClippedReluOfSpecialValues) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float denormal = std::numeric_limits<float>::denorm_min();
  const std::vector<float> in = {-1.0F,     -0.0F,    0.0F,     2.5F,       6.0F, 6.0000005F,
                                 -infinity, infinity, denormal, 5.9999995F, NAN,  -NAN};
  const std::vector<float> expected = {0.0F, 0.0F, 0.0F, 2.5F, 6.0F, 6.0F, 0.0F, 6.0F, denormal, 5.9999995F};
  for (const Isa isa : isas_to_test()) {
    std::vector<float> out(in.size());
    clipped_relu(isa, in.data(), out.data(), in.size(), 6.0F);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(expected[i]))
          << isa_name(isa) << i;
    }
    EXPECT_TRUE(std::isnan(out[10]) && std::isnan(out[11])) << isa_name(isa);
  }
}

TEST(Pointwise, ClippedReluIsExactInEveryIsa) {
  std::mt19937 random(6);
  for (const Isa isa : isas_to_test()) {
    for (const std::size_t size : sizes()) {
      GuardedBuffer<float> in(random_floats(size, random));
      GuardedBuffer<float> out(size);
      std::vector<float> expected(size);
      clipped_relu(Isa::scalar, in.data(), expected.data(), size, 1.5F);
      clipped_relu(isa, in.data(), out.data(), size, 1.5F);
      // Scalar: even armv7 NEON must not flush denormals here.
      EXPECT_TRUE(same_floats(Isa::scalar, expected, out.span())) << isa_name(isa);
      clipped_relu(isa, in.data(), in.data(), size, 1.5F);
      EXPECT_TRUE(same_floats(Isa::scalar, expected, in.span())) << isa_name(isa) << " in place";
    }
  }
}

TEST(Pointwise, Add) {
  std::mt19937 random(2);
  for (const Isa isa : isas_to_test()) {
    for (const std::size_t size : sizes()) {
      for (const bool with_relu : {false, true}) {
        GuardedBuffer<float> a(random_floats(size, random));
        GuardedBuffer<float> b(random_floats(size, random));
        GuardedBuffer<float> out(size);
        std::vector<float> expected(size);
        for (std::size_t i = 0; i < size; ++i) {
          expected[i] = a.data()[i] + b.data()[i];
          if (with_relu && expected[i] <= 0.0F) expected[i] = 0.0F;
        }
        add(isa, a.data(), b.data(), out.data(), size, with_relu ? Activation::relu() : Activation());
        EXPECT_TRUE(same_floats(isa, expected, out.span()));
        add(isa, a.data(), b.data(), b.data(), size, with_relu ? Activation::relu() : Activation());
        EXPECT_TRUE(same_floats(isa, expected, b.span())) << "in place";
      }
    }
  }
}

TEST(Pointwise, ScaleShiftRoundsOnce) {
  std::mt19937 random(3);
  for (const Isa isa : isas_to_test()) {
    for (const std::size_t size : sizes()) {
      const auto parameters = random_floats(2, random, 1U << 31);
      for (const bool with_relu : {false, true}) {
        GuardedBuffer<float> in(random_floats(size, random));
        GuardedBuffer<float> out(size);
        std::vector<float> expected(size);
        for (std::size_t i = 0; i < size; ++i) {
          expected[i] = std::fma(in.data()[i], parameters[0], parameters[1]);
          if (with_relu && expected[i] <= 0.0F) expected[i] = 0.0F;
        }
        scale_shift(isa, in.data(), out.data(), size, parameters[0], parameters[1],
                    with_relu ? Activation::relu() : Activation());
        EXPECT_TRUE(same_floats(isa, expected, out.span()));
        scale_shift(isa, in.data(), in.data(), size, parameters[0], parameters[1],
                    with_relu ? Activation::relu() : Activation());
        EXPECT_TRUE(same_floats(isa, expected, in.span())) << "in place";
      }
    }
  }
}

TEST(Pointwise, RgbToPlanar) {
  std::mt19937 random(4);
  for (const Isa isa : isas_to_test()) {
    for (const std::size_t pixels : sizes()) {
      GuardedBuffer<std::uint8_t> rgb(3 * pixels);
      for (std::uint8_t& value : rgb.span()) value = static_cast<std::uint8_t>(random());
      GuardedBuffer<std::uint8_t> planes(3 * pixels);
      rgb_to_planar(isa, rgb.data(), planes.data(), pixels);
      for (std::size_t i = 0; i < 3 * pixels; ++i) {
        ASSERT_EQ(planes.data()[i], rgb.data()[i % pixels * 3 + i / pixels])
            << isa_name(isa) << " " << pixels;
      }
    }
  }
}

TEST(Pointwise, UnitFloatIsTheRoundedQuotientForEveryByte) {
  std::vector<std::uint8_t> bytes(256);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  for (const Isa isa : isas_to_test()) {
    for (const std::size_t size :
         {1U, 3U, 256U}) {  // in the rest behind the whole vectors as well as in them
      for (std::size_t start = 0; start < 256; start += size) {
        const std::size_t count = std::min(size, 256 - start);
        std::vector<float> out(count);
        u8_to_unit_float(isa, bytes.data() + start, out.data(), count);
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_EQ(out[i], static_cast<float>(start + i) / 255.0F) << isa_name(isa) << " " << start + i;
        }
      }
    }
    for (const std::size_t size : sizes()) {
      GuardedBuffer<std::uint8_t> in(size);
      std::fill(in.span().begin(), in.span().end(), std::uint8_t{51});
      GuardedBuffer<float> out(size);
      u8_to_unit_float(isa, in.data(), out.data(), size);
      for (const float value : out.span()) ASSERT_EQ(value, 0.2F) << isa_name(isa) << " " << size;
    }
  }
}

}  // namespace
}  // namespace edge::kernels
