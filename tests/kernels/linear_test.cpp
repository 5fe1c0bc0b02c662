#include "kernels/linear.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tests/kernels/arithmetic.h"
#include "tests/kernels/guarded_buffer.h"

namespace edge::kernels {
namespace {

using test::GuardedFloats;
using test::random_floats;
using test::same_bits;

/// The definition: sixteen interleaved sums, added in halves.
float dot(Isa isa, const float* in, const float* weights, std::int64_t count) {
  float sums[16] = {};
  for (std::int64_t k = 0; k < count; ++k)
    sums[k % 16] = test::multiply_add(isa, in[k], weights[k], sums[k % 16]);
  for (int half = 8; half >= 1; half /= 2) {
    for (int i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

struct Case {
  std::int64_t batch, in_features, out_features;
  bool bias, relu;
};

TEST(Linear, IsTheDefinitionBitForBit) {
  const Case cases[] = {
      {1, 1, 1, true, false},  {1, 15, 3, false, false}, {1, 16, 4, true, true},   {2, 17, 5, true, false},
      {3, 31, 7, false, true}, {1, 100, 2, true, true},  {2, 264, 33, true, true}, {1, 1000, 9, true, false},
  };
  for (const Isa isa : test::supported_isas()) {
    for (const Case& c : cases) {
      GuardedFloats in(random_floats(c.batch * c.in_features, 1));
      GuardedFloats weights(random_floats(c.in_features * c.out_features, 2));
      GuardedFloats bias(random_floats(c.out_features, 3));
      const Activation activation = c.relu ? Activation::relu() : Activation();
      std::vector<float> expected;
      for (std::int64_t item = 0; item < c.batch; ++item) {
        for (std::int64_t row = 0; row < c.out_features; ++row) {
          const float sum =
              dot(isa, in.data() + item * c.in_features, weights.data() + row * c.in_features, c.in_features);
          expected.push_back(
              test::finish(sum, {c.bias ? bias.data() : nullptr, nullptr, activation}, row, 0));
        }
      }
      for (const int threads : {1, 3}) {
        ThreadPool pool(threads);
        GuardedFloats out(static_cast<std::size_t>(c.batch * c.out_features));
        linear(isa, in.data(), weights.data(), c.bias ? bias.data() : nullptr, out.data(), c.batch,
               c.in_features, c.out_features, activation, pool);
        EXPECT_TRUE(same_bits(out.values(), expected))
            << isa_name(isa) << ' ' << c.batch << 'x' << c.in_features << 'x' << c.out_features << ' '
            << threads;
      }
    }
  }
}

TEST(Linear, NanAndInfinityPropagate) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  ThreadPool pool(1);
  for (const Isa isa : test::supported_isas()) {
    std::vector<float> in(19, 1.0F);
    std::vector<float> weights(19 * 3, 1.0F);
    weights[18] = nan;                // row 0, in the rest after sixteen
    weights[19 + 2] = infinity;       // row 1
    weights[2 * 19 + 5] = -infinity;  // row 2
    std::vector<float> out(3);
    linear(isa, in.data(), weights.data(), nullptr, out.data(), 1, 19, 3, Activation::relu(), pool);
    EXPECT_TRUE(same_bits(out, {nan, infinity, 0.0F})) << isa_name(isa);
  }
}

TEST(Linear, AnyActivationHasTheBitsOfOneBehindIt) {
  for (const Isa isa : test::supported_isas()) {
    GuardedFloats in(random_floats(2 * 40, 1));
    GuardedFloats weights(random_floats(40 * 133, 2));
    for (const Activation& activation : {Activation::relu6(), Activation::silu(), Activation::clamp(-1, 2)}) {
      ThreadPool pool(3);
      GuardedFloats plain(2 * 133);
      GuardedFloats fused(2 * 133);
      linear(isa, in.data(), weights.data(), nullptr, plain.data(), 2, 40, 133, {}, pool);
      linear(isa, in.data(), weights.data(), nullptr, fused.data(), 2, 40, 133, activation, pool);
      std::vector<float> expected(2 * 133);
      activate(isa, activation, plain.data(), expected.data(), expected.size());
      EXPECT_TRUE(same_bits(fused.values(), expected)) << isa_name(isa);
    }
  }
}

}  // namespace
}  // namespace edge::kernels
