// Activations: the scalar ones against their definitions, every other ISA bit for bit against the scalar
// ones, at all small sizes, in buffers of exact size between guard pages.
#include "kernels/activation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/activation_variants.h"
#include "kernels/pointwise.h"
#include "tests/kernels/guarded_buffer.h"
#include "tests/kernels/kernel_values.h"

namespace edge::kernels {
namespace {

using Kind = Activation::Kind;
using test::GuardedBuffer;

constexpr float infinity = std::numeric_limits<float>::infinity();

std::vector<Activation> activations() {
  return {Activation(),
          Activation::relu(),
          Activation::relu6(),
          Activation::clamp(-1.5F, 2.5F),
          Activation::clamp(-infinity, 0.75F),
          Activation::clamp(0, 0),
          Activation::leaky_relu(0.1F),
          Activation::elu(),
          Activation::elu(0.5F),
          Activation::sigmoid(),
          Activation::hard_sigmoid(0.2F, 0.5F),
          Activation::hard_swish(),
          Activation::silu(),
          Activation::mish(),
          Activation::tanh(),
          Activation::relu().scaled(0.75F, -0.5F),
          Activation::hard_swish().scaled(-1.5F, 0),
          Activation::silu().scaled(1, 0.25F)};
}

std::string name_of(const Activation& activation) {
  return "kind " + std::to_string(static_cast<int>(activation.kind)) + ", a " + std::to_string(activation.a) +
         ", b " + std::to_string(activation.b) + ", scale " + std::to_string(activation.scale) + ", shift " +
         std::to_string(activation.shift);
}

double defined(const Activation& activation, double x) {
  if (activation.is_scaled()) {
    return defined(activation.scaled(1, 0), x) * double{activation.scale} + double{activation.shift};
  }
  const double a = double{activation.a};
  const double b = double{activation.b};
  const double sigmoid = 1 / (1 + std::exp(-x));
  switch (activation.kind) {
    case Kind::none:
      return x;
    case Kind::clamp:
      return std::min(std::max(x, a), b);
    case Kind::leaky_relu:
      return x < 0 ? a * x : x;
    case Kind::elu:
      return x < 0 ? a * std::expm1(x) : x;
    case Kind::sigmoid:
      return sigmoid;
    case Kind::hard_sigmoid:
      return std::clamp(a * x + b, 0.0, 1.0);
    case Kind::hard_swish:
      return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
    case Kind::silu:
      return x * sigmoid;
    case Kind::mish:
      return x * std::tanh(std::log1p(std::exp(x)));
    case Kind::tanh:
      return std::tanh(x);
  }
  return 0;
}

TEST(Activation, EveryVariantIsRegisteredOnce) {
  for (const Isa isa : isas_to_test()) {
    const auto variants = activation_variants();
    EXPECT_EQ(std::count_if(variants.begin(), variants.end(), [&](auto* one) { return one->isa == isa; }), 1)
        << isa_name(isa);
  }
}

TEST(Activation, IsWhatItsDefinitionSays) {
  std::vector<float> in;
  for (int i = -4000; i <= 4000; ++i) in.push_back(static_cast<float>(i) / 100);
  for (int i = -4000; i <= 4000; ++i) in.push_back(static_cast<float>(i) / 40000);
  std::vector<float> out(in.size());
  for (const Activation& activation : activations()) {
    // Where a difference cancels, the error is that of the terms.
    const bool cancels = activation.kind == Kind::elu || activation.kind == Kind::hard_sigmoid ||
                         activation.kind == Kind::hard_swish || activation.is_scaled();
    activate(Isa::scalar, activation, in.data(), out.data(), in.size());
    for (std::size_t i = 0; i < in.size(); ++i) {
      const double expected = defined(activation, double{in[i]});
      const double allowed =
          4e-7 * std::abs(expected) + (cancels ? 2e-7 * std::min(1.0, std::abs(double{in[i]}) + 0.5) : 1e-37);
      ASSERT_NEAR(out[i], expected, allowed) << name_of(activation) << ", of " << in[i];
    }
  }
}

TEST(Activation, SpecialValues) {
  for (const Isa isa : isas_to_test()) {
    const auto of = [&](const Activation& activation, float x) {
      float out = 0;
      activate(isa, activation, &x, &out, 1);
      return out;
    };
    for (const Activation& activation : activations()) {
      EXPECT_TRUE(std::isnan(of(activation, NAN))) << name_of(activation);
      EXPECT_TRUE(std::isnan(of(activation, -NAN))) << name_of(activation);
      const bool zero =
          activation.kind != Kind::sigmoid && activation.kind != Kind::hard_sigmoid && activation.shift == 0;
      EXPECT_EQ(of(activation, 0) == 0, zero) << name_of(activation);
    }
    EXPECT_EQ(of(Activation::sigmoid(), 0), 0.5F);
    EXPECT_EQ(of(Activation::sigmoid(), infinity), 1);
    EXPECT_EQ(of(Activation::sigmoid(), -infinity), 0);
    EXPECT_EQ(of(Activation::tanh(), infinity), 1);
    EXPECT_EQ(of(Activation::tanh(), -infinity), -1);
    EXPECT_EQ(of(Activation::elu(2), -infinity), -2);
    EXPECT_EQ(of(Activation::silu(), infinity), infinity);
    EXPECT_EQ(of(Activation::silu(), -infinity), 0);
    EXPECT_EQ(of(Activation::silu(), -51), 0);  // no denormals in the next layer
    EXPECT_EQ(of(Activation::sigmoid(), -51), 0);
    EXPECT_NEAR(of(Activation::silu(), -49), -2.569e-20, 1e-23);
    EXPECT_EQ(of(Activation::mish(), infinity), infinity);
    EXPECT_EQ(of(Activation::hard_swish(), -4), 0);
    EXPECT_EQ(of(Activation::hard_swish(), 4), 4);
    EXPECT_EQ(of(Activation::leaky_relu(0.25F), -4), -1);
    EXPECT_FALSE(std::signbit(of(Activation::relu(), -0.0F)));
  }
}

TEST(Activation, HasTheSameBitsInEveryIsa) {
  std::mt19937 random(1);
  std::vector<std::size_t> sizes(40);
  std::iota(sizes.begin(), sizes.end(), std::size_t{0});
  sizes.insert(sizes.end(), {127, 1001});
  for (const Isa isa : isas_to_test()) {
    for (const Activation& activation : activations()) {
      for (const std::size_t size : sizes) {
        GuardedBuffer<float> in(random_floats(size, random));
        GuardedBuffer<float> out(size);
        std::vector<float> expected(size);
        activate(Isa::scalar, activation, in.data(), expected.data(), size);
        activate(isa, activation, in.data(), out.data(), size);
        EXPECT_TRUE(same_floats(isa, expected, out.span())) << name_of(activation);
        activate(isa, activation, in.data(), in.data(), size);
        EXPECT_TRUE(same_floats(isa, expected, in.span())) << name_of(activation) << " in place";
      }
    }
  }
}

/// So that layers may be cut and divided anywhere.
TEST(Activation, AValueDoesNotDependOnItsPlace) {
  std::mt19937 random(2);
  const std::vector<float> in = random_floats(100, random);
  for (const Isa isa : isas_to_test()) {
    for (const Activation& activation : activations()) {
      std::vector<float> whole(in.size());
      activate(isa, activation, in.data(), whole.data(), in.size());
      for (const std::size_t cut : {1U, 3U, 50U, 97U}) {
        std::vector<float> parts(in.size());
        activate(isa, activation, in.data(), parts.data(), cut);
        activate(isa, activation, in.data() + cut, parts.data() + cut, in.size() - cut);
        EXPECT_TRUE(same_floats(Isa::scalar, whole, parts)) << name_of(activation) << ", cut at " << cut;
      }
    }
  }
}

TEST(Activation, BehindAnAdditionOrScaling) {
  std::mt19937 random(3);
  const std::vector<float> a = random_floats(5000, random);
  const std::vector<float> b = random_floats(5000, random);
  for (const Isa isa : isas_to_test()) {
    for (const Activation& activation : activations()) {
      std::vector<float> apart(a.size());
      std::vector<float> fused(a.size());
      add(isa, a.data(), b.data(), apart.data(), a.size());
      activate(isa, activation, apart.data(), apart.data(), a.size());
      add(isa, a.data(), b.data(), fused.data(), a.size(), activation);
      EXPECT_TRUE(same_floats(Isa::scalar, apart, fused)) << name_of(activation);
      scale_shift(isa, a.data(), apart.data(), a.size(), 1.5F, -0.25F);
      activate(isa, activation, apart.data(), apart.data(), a.size());
      scale_shift(isa, a.data(), fused.data(), a.size(), 1.5F, -0.25F, activation);
      EXPECT_TRUE(same_floats(Isa::scalar, apart, fused)) << name_of(activation);
    }
  }
}

}  // namespace
}  // namespace edge::kernels
