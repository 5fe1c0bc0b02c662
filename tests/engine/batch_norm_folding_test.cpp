// Folding a batch norm into the convolution in front of it: against the two in double precision.
#include "engine/layers/batch_norm_folding.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/support.h"

namespace edge {
namespace {

BatchNormParameters random_norm(std::int64_t channels, std::uint32_t seed) {
  Tensor variance = test::random_tensor({channels}, seed + 3);
  for (float& value : variance.values()) value *= value;
  return {.gamma = test::random_tensor({channels}, seed),
          .beta = test::random_tensor({channels}, seed + 1),
          .mean = test::random_tensor({channels}, seed + 2),
          .variance = variance,
          .epsilon = 1e-3};
}

/// One output value of each channel, for an input of one value per weight.
std::vector<double> products(const Array& weight, const Array& bias, const Array& input) {
  const auto channels = static_cast<std::size_t>(weight.shape()[0]);
  const std::size_t inputs = weight.elements() / channels;
  std::vector<double> outputs(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    outputs[c] = bias.empty() ? 0.0 : double{bias.values()[c]};
    for (std::size_t i = 0; i < inputs; ++i) {
      outputs[c] += double{weight.values()[c * inputs + i]} * double{input.values()[i]};
    }
  }
  return outputs;
}

TEST(BatchNormFolding, is_the_convolution_and_the_norm_in_one) {
  const std::vector<Shape> shapes{{7, 3, 3, 3}, {1, 1, 1, 1}, {16, 1, 5, 5}, {5, 40}};
  for (const Shape& shape : shapes) {
    for (const bool with_bias : {false, true}) {
      const Tensor weight = test::random_tensor(shape, 1);
      const Tensor bias = with_bias ? test::random_tensor({shape[0]}, 2) : Tensor();
      const BatchNormParameters norm = random_norm(shape[0], 3);
      const Tensor input = test::random_tensor({shape.elements() / shape[0]}, 9);

      Tensor scratch;
      const FoldedConvolution folded = fold_batch_norm(weight, bias, norm, scratch);
      ASSERT_EQ(folded.weight.shape(), shape);
      ASSERT_EQ(folded.bias.shape(), norm.gamma.shape());
      const std::vector<double> together = products(folded.weight, folded.bias, input);
      const std::vector<double> convolved = products(weight, bias, input);
      for (std::size_t c = 0; c < together.size(); ++c) {
        const double scale =
            double{norm.gamma.values()[c]} / std::sqrt(double{norm.variance.values()[c]} + norm.epsilon);
        const double expected =
            (convolved[c] - double{norm.mean.values()[c]}) * scale + double{norm.beta.values()[c]};
        // What rounding the parameters to float may change: half a unit of each.
        const double terms = (1 + static_cast<double>(input.elements())) * std::abs(scale) + 1;
        EXPECT_NEAR(together[c], expected, 0x1p-24 * terms) << shape.to_string() << ", channel " << c;
      }
    }
  }
}

TEST(BatchNormFolding, leaves_its_arguments_alone_and_rounds_once) {
  const Tensor weight = test::random_tensor({2, 1, 2, 2}, 1);
  const std::vector<float> before(weight.values().begin(), weight.values().end());
  const BatchNormParameters norm = random_norm(2, 5);
  Tensor scratch;
  const FoldedConvolution folded = fold_batch_norm(weight, {}, norm, scratch);
  EXPECT_EQ(before, std::vector<float>(weight.values().begin(), weight.values().end()));
  for (std::size_t i = 0; i < 8; ++i) {
    const std::size_t c = i / 4;
    const double scale =
        double{norm.gamma.values()[c]} / std::sqrt(double{norm.variance.values()[c]} + norm.epsilon);
    EXPECT_EQ(folded.weight.values()[i], static_cast<float>(double{weight.data()[i]} * scale));
  }
}

}  // namespace
}  // namespace edge
