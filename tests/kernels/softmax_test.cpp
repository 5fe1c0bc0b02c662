// Softmax: known rows, its exponential against the C library's in double precision, every ISA bit for bit
// against the scalar one at all small sizes, in buffers of exact size between guard pages.
#include "kernels/softmax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/softmax_variants.h"
#include "tests/kernels/guarded_buffer.h"
#include "tests/kernels/kernel_values.h"

namespace edge::kernels {
namespace {

using test::Guard;
using test::GuardedBuffer;

constexpr float infinity = std::numeric_limits<float>::infinity();

TEST(Softmax, EveryVariantIsRegisteredOnce) {
  for (const Isa isa : isas_to_test()) {
    const auto variants = softmax_variants();
    EXPECT_EQ(std::count_if(variants.begin(), variants.end(), [&](auto* one) { return one->isa == isa; }), 1)
        << isa_name(isa);
  }
}

TEST(Softmax, KnownRows) {
  const std::vector<float> in = {0.0F, 0.0F, 0.0F, 0.0F, 1000.0F, 1000.0F + std::log(3.0F), 0.0F, -1000.0F};
  for (const Isa isa : isas_to_test()) {
    std::vector<float> out(in.size());
    softmax(isa, in.data(), out.data(), 2, 4);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(out[i], 0.25F);
    EXPECT_NEAR(out[4], 0.25, 1e-4);  // log(3) is rounded to a multiple of 2^-14 by the 1000
    EXPECT_NEAR(out[5], 0.75, 1e-4);
    EXPECT_EQ(out[6], 0.0F);
    EXPECT_EQ(out[7], 0.0F);
    softmax(isa, nullptr, nullptr, 0, 4);
    softmax(isa, nullptr, nullptr, 4, 0);
  }
}

TEST(Softmax, TheExponentialIsAccurate) {
  std::mt19937 random(6);
  std::vector<float> in = {0.0F,         -0.0F,        -0x1p-30F,    -1e-40F,   -infinity,
                           -87.3365402F, -87.3365479F, -0.34657359F, -1.03972F, -104.0F};
  for (int i = 0; i < 20000; ++i) in.push_back(-88.0F * static_cast<float>(random() >> 8) * 0x1p-24F);
  for (int i = 0; i < 2000; ++i) in.push_back(-std::ldexp(1.0F, -static_cast<int>(random() % 30)));
  std::vector<float> out(in.size());
  for (const Isa isa : isas_to_test()) {
    const SoftmaxKernels& kernels = variant_for(isa, softmax_variants());
    kernels.exponentials(in.data(), out.data(), in.size(), 0.0F);
    for (std::size_t i = 0; i < in.size(); ++i) {
      const double expected = std::exp(double{in[i]});
      if (expected < double{std::numeric_limits<float>::min()}) {
        ASSERT_EQ(out[i], 0.0F) << isa_name(isa) << " e^" << in[i];
      } else {
        ASSERT_NEAR(double{out[i]} / expected, 1.0, 8e-8) << isa_name(isa) << " e^" << in[i];
      }
    }
  }
}

TEST(Softmax, SameBitsInEveryIsa) {
  std::mt19937 random(7);
  for (const Isa isa : isas_to_test()) {
    for (std::size_t columns = 1; columns < 70; ++columns) {
      for (const Guard guard : {Guard::front, Guard::back}) {
        std::vector<float> values(3 * columns);
        // Spread over the range in which exponentials are neither 1 nor 0, and behind it.
        for (float& value : values)
          value = static_cast<float>(static_cast<std::int32_t>(random())) * 0x1p-24F;
        if (columns % 5 == 0) values[columns] = 3e38F;
        if (columns % 7 == 0) values[2 * columns] = -infinity;
        GuardedBuffer<float> in(values, guard);
        GuardedBuffer<float> out(values.size(), guard);
        std::vector<float> expected(values.size());
        softmax(Isa::scalar, values.data(), expected.data(), 3, columns);
        softmax(isa, in.data(), out.data(), 3, columns);
        ASSERT_TRUE(same_floats(Isa::scalar, expected, out.span())) << isa_name(isa) << " " << columns;
        softmax(isa, in.data(), in.data(), 3, columns);
        ASSERT_TRUE(same_floats(Isa::scalar, expected, in.span())) << "in place, " << isa_name(isa);
      }
    }
  }
}

TEST(Softmax, SumsToOneAndSpreadsNan) {
  std::mt19937 random(5);
  for (const Isa isa : isas_to_test()) {
    for (const float special : {NAN, infinity}) {
      std::vector<float> values = random_floats(3 * 1000, random, 1U << 31);
      values[1000 + random() % 1000] = special;
      softmax(isa, values.data(), values.data(), 3, 1000);
      for (const std::size_t row : {0U, 2U}) {
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * 1000);
        EXPECT_NEAR(std::accumulate(begin, begin + 1000, 0.0), 1.0, 1e-6);
      }
      EXPECT_TRUE(
          std::all_of(values.begin() + 1000, values.begin() + 2000, [](float x) { return std::isnan(x); }));
    }
    std::vector<float> nothing(9, -infinity);
    softmax(isa, nothing.data(), nothing.data(), 1, 9);
    EXPECT_TRUE(std::all_of(nothing.begin(), nothing.end(), [](float x) { return std::isnan(x); }));
  }
}

}  // namespace
}  // namespace edge::kernels
