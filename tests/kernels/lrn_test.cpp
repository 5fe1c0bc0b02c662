// Local response normalisation: against the definition in double precision, every ISA bit for bit against the
// scalar one for random shapes, in buffers of exact size between guard pages, with several threads.
#include "kernels/lrn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/lrn_variants.h"
#include "tests/kernels/guarded_buffer.h"
#include "tests/kernels/kernel_values.h"

namespace edge::kernels {
namespace {

using test::Guard;
using test::GuardedBuffer;

std::size_t elements(const LrnShape& shape) {
  return static_cast<std::size_t>(shape.batch * shape.channels * shape.plane);
}

double definition(const LrnShape& shape, const float* in, std::int64_t image, std::int64_t channel,
                  std::int64_t pixel) {
  const auto at = [&](std::int64_t c) {
    return double{in[(image * shape.channels + c) * shape.plane + pixel]};
  };
  double sum = 0;
  for (std::int64_t c = channel - shape.size / 2; c <= channel + (shape.size - 1) / 2; ++c) {
    if (c >= 0 && c < shape.channels) sum += at(c) * at(c);
  }
  const double d = double{shape.k} + double{shape.alpha} * sum / static_cast<double>(shape.size);
  return at(channel) / std::pow(d, double{shape.beta});
}

LrnShape random_shape(std::mt19937& random) {
  static constexpr float betas[] = {0.5F, 0.75F, 1.0F, 0.6F};
  const auto one_to = [&](unsigned most) { return 1 + static_cast<std::int64_t>(random() % most); };
  return {.batch = one_to(2),
          .channels = one_to(12),
          .plane = random() % 8 == 0 ? 256 + one_to(20) : one_to(40),
          .size = one_to(7),
          .alpha = static_cast<float>(one_to(100)) * 0.01F,
          .beta = betas[random() % 4],
          .k = static_cast<float>(one_to(4)) * 0.5F};
}

TEST(Lrn, EveryVariantIsRegisteredOnce) {
  for (const Isa isa : isas_to_test()) {
    const auto variants = lrn_variants();
    EXPECT_EQ(std::count_if(variants.begin(), variants.end(), [&](auto* one) { return one->isa == isa; }), 1)
        << isa_name(isa);
  }
}

TEST(Lrn, ValuesOfPytorch) {
  // torch.nn.functional.local_response_norm(tensor([1., 2., 3., 4.]).view(1, 4, 1, 1), size=2, alpha=2,
  // beta=0.5, k=1): a channel and the one before it, 1 + (1, 1 + 4, 4 + 9, 9 + 16).
  const std::vector<float> in = {1, 2, 3, 4};
  ThreadPool threads(1);
  for (const Isa isa : isas_to_test()) {
    std::vector<float> out(4);
    local_response_norm(isa,
                        {.batch = 1, .channels = 4, .plane = 1, .size = 2, .alpha = 2, .beta = 0.5F, .k = 1},
                        in.data(), out.data(), threads);
    EXPECT_FLOAT_EQ(out[0], 1 / std::sqrt(2.0F));
    EXPECT_FLOAT_EQ(out[1], 2 / std::sqrt(6.0F));
    EXPECT_FLOAT_EQ(out[2], 3 / std::sqrt(14.0F));
    EXPECT_FLOAT_EQ(out[3], 4 / std::sqrt(26.0F));
  }
}

TEST(Lrn, RandomShapesAgainstTheDefinition) {
  std::mt19937 random(1);
  ThreadPool threads(2);
  for (int run = 0; run < 60; ++run) {
    const LrnShape shape = random_shape(random);
    const std::vector<float> in = random_floats(elements(shape), random, 1U << 31);
    std::vector<float> out(in.size());
    for (const Isa isa : isas_to_test()) {
      local_response_norm(isa, shape, in.data(), out.data(), threads);
      for (std::size_t i = 0; i < out.size(); ++i) {
        const auto index = static_cast<std::int64_t>(i);
        const std::int64_t plane = index / shape.plane;
        const double expected =
            definition(shape, in.data(), plane / shape.channels, plane % shape.channels, index % shape.plane);
        ASSERT_NEAR(double{out[i]}, expected, 1e-6 * std::abs(expected) + 1e-30)
            << isa_name(isa) << " size " << shape.size << " beta " << shape.beta;
      }
    }
  }
}

TEST(Lrn, SameBitsInEveryIsaAndWithThreads) {
  std::mt19937 random(2);
  ThreadPool one(1);
  ThreadPool three(3);
  for (int run = 0; run < 150; ++run) {
    const LrnShape shape = random_shape(random);
    const std::vector<float> values = random_floats(elements(shape), random, run % 2 == 0 ? 5 : 1U << 31);
    std::vector<float> expected(values.size());
    local_response_norm(Isa::scalar, shape, values.data(), expected.data(), one);
    for (const Isa isa : isas_to_test()) {
      for (const Guard guard : {Guard::front, Guard::back}) {
        GuardedBuffer<float> in(values, guard);
        GuardedBuffer<float> out(values.size(), guard);
        local_response_norm(isa, shape, in.data(), out.data(), three);
        ASSERT_TRUE(same_floats(isa, expected, out.span()))
            << shape.channels << "x" << shape.plane << " size " << shape.size << " beta " << shape.beta;
      }
    }
  }
}

}  // namespace
}  // namespace edge::kernels
