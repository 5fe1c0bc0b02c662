// Functions of two values: every ISA bit for bit against the scalar one, with all kinds of repetition.
#include "kernels/binary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/binary_variants.h"
#include "tests/kernels/guarded_buffer.h"
#include "tests/kernels/kernel_values.h"

namespace edge::kernels {
namespace {

using test::GuardedBuffer;

TEST(Binary, EveryVariantIsRegisteredOnce) {
  for (const Isa isa : isas_to_test()) {
    const auto variants = binary_variants();
    EXPECT_EQ(std::count_if(variants.begin(), variants.end(), [&](auto* one) { return one->isa == isa; }), 1)
        << isa_name(isa);
  }
}

float scalar_result(BinaryFunction function, float a, float b) {
  float out = 0;
  binary_scalar.run(function, &a, 0, &b, 0, &out, 1);
  return out;
}

TEST(Binary, FunctionsAreWhatTheyAreCalled) {
  EXPECT_EQ(scalar_result(BinaryFunction::subtract, 5, 3), 2);
  EXPECT_EQ(scalar_result(BinaryFunction::divide, 3, 4), 0.75F);
  EXPECT_EQ(scalar_result(BinaryFunction::minimum, -1, 2), -1);
  EXPECT_EQ(scalar_result(BinaryFunction::maximum, -1, 2), 2);
  EXPECT_EQ(scalar_result(BinaryFunction::power, 3, 2), 9);
  EXPECT_EQ(scalar_result(BinaryFunction::modulo, -4, 3), 2);
  EXPECT_EQ(scalar_result(BinaryFunction::modulo, 4, -3), -2);
  EXPECT_EQ(scalar_result(BinaryFunction::leaky, -4, 0.5F), -2);
  EXPECT_EQ(scalar_result(BinaryFunction::leaky, 4, 0.5F), 4);
  EXPECT_EQ(scalar_result(BinaryFunction::equal, 4, 4), 1);
  EXPECT_EQ(scalar_result(BinaryFunction::greater, 4, 4), 0);
  EXPECT_EQ(scalar_result(BinaryFunction::less_or_equal, 4, 4), 1);
  EXPECT_EQ(scalar_result(BinaryFunction::logical_xor, 1, 0), 1);
  EXPECT_EQ(scalar_result(BinaryFunction::logical_and, 1, 0), 0);
}

/// Values of all kinds; no denormals on armv7, whose NEON takes them for zero: multiplied by something huge,
/// or divided by something tiny, they would differ by more than what is denormal itself.
std::vector<float> operands(std::size_t count, std::mt19937& random) {
  std::vector<float> values = random_floats(count, random);
  constexpr bool flushes = sizeof(void*) == 4;
  for (float& value : values) {
    if (flushes && std::fpclassify(value) == FP_SUBNORMAL) value = 0;
  }
  return values;
}

TEST(Binary, EveryIsaGivesTheScalarBits) {
  std::mt19937 random(5);
  ThreadPool pool(2);
  const auto pick = [&](int least, int most) {
    return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
  };
  for (int round = 0; round < 300; ++round) {
    BinaryShape shape;
    std::int64_t a_count = 1;
    std::int64_t b_count = 1;
    const int rank = pick(1, 4);
    shape.sizes.resize(static_cast<std::size_t>(rank));
    shape.a_strides.resize(shape.sizes.size());
    shape.b_strides.resize(shape.sizes.size());
    for (std::size_t i = shape.sizes.size(); i-- > 0;) {
      shape.sizes[i] = pick(1, i + 1 == shape.sizes.size() ? 40 : 4);
      if (pick(0, 2) > 0) {
        shape.a_strides[i] = a_count;
        a_count *= shape.sizes[i];
      }
      if (pick(0, 2) > 0) {
        shape.b_strides[i] = b_count;
        b_count *= shape.sizes[i];
      }
    }
    const BinaryShape collapsed = shape.collapsed();
    std::int64_t count = 1;
    for (const std::int64_t size : shape.sizes) count *= size;
    const auto function = static_cast<BinaryFunction>(pick(0, static_cast<int>(BinaryFunction::logical_xor)));
    GuardedBuffer<float> a(operands(static_cast<std::size_t>(a_count), random));
    GuardedBuffer<float> b(operands(static_cast<std::size_t>(b_count), random));
    std::vector<float> expected;
    for (std::int64_t i = 0; i < count; ++i) {
      std::int64_t a_at = 0;
      std::int64_t b_at = 0;
      std::int64_t rest = i;
      for (std::size_t axis = shape.sizes.size(); axis-- > 0;) {
        a_at += rest % shape.sizes[axis] * shape.a_strides[axis];
        b_at += rest % shape.sizes[axis] * shape.b_strides[axis];
        rest /= shape.sizes[axis];
      }
      expected.push_back(scalar_result(function, a.data()[a_at], b.data()[b_at]));
    }
    for (const Isa isa : isas_to_test()) {
      GuardedBuffer<float> out(static_cast<std::size_t>(count));
      binary(isa, function, collapsed, a.data(), b.data(), out.data(), pool);
      ASSERT_TRUE(same_floats(isa, expected, out.span())) << function_name(function) << " round " << round;
    }
  }
}

TEST(Binary, ManyThreadsGiveTheSame) {
  std::mt19937 random(6);
  ThreadPool pool(3);
  const BinaryShape shape{{3, 50000}, {50000, 1}, {0, 1}};
  const std::vector<float> a = random_floats(150000, random, 1000);
  const std::vector<float> b = random_floats(50000, random, 1000);
  std::vector<float> out(150000);
  binary(Isa::scalar, BinaryFunction::multiply, shape, a.data(), b.data(), out.data(), pool);
  std::vector<float> expected(150000);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = a[i] * b[i % 50000];
  EXPECT_TRUE(same_floats(Isa::scalar, expected, out));
}

}  // namespace
}  // namespace edge::kernels
