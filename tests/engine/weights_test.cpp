#include "engine/weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/model_hash.h"
#include "engine/models/models.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

ParameterSpec spec(const std::string& name, ParameterKind kind, std::int64_t elements, std::int64_t fan_in) {
  return {name, Shape{elements}, kind, fan_in};
}

TEST(SeededWeights, golden_values) {
  // These must never change, on no platform: devices with other software versions make the same weights.
  const Array weight =
      SeededWeights(1).load({"features.0.weight", {64, 3, 11, 11}, ParameterKind::weight, 363});
  EXPECT_EQ(weight.values().data()[0], 0x1.35fbe4p-10F);
  EXPECT_EQ(weight.values().data()[1], -0x1.9bc67p-4F);
  EXPECT_EQ(weight.values().data()[23231], -0x1.c41bfep-5F);
  const Array bias = SeededWeights(1).load(spec("features.0.bias", ParameterKind::bias, 64, 363));
  EXPECT_EQ(bias.values().data()[63], -0x1.b01dcep-10F);
  const Array variance =
      SeededWeights(7).load(spec("bn1.running_var", ParameterKind::running_variance, 3, 1));
  EXPECT_EQ(variance.values().data()[2], 0x1.3e3184p-1F);
}

TEST(SeededWeights, have_the_stated_distribution) {
  struct Case {
    ParameterKind kind;
    double centre;
    double radius;
  };
  const double fan_in = 150;
  for (const Case& expected :
       {Case{ParameterKind::weight, 0.0, std::sqrt(6 / fan_in)},
        Case{ParameterKind::bias, 0.0, 0.1 / std::sqrt(fan_in)}, Case{ParameterKind::norm_scale, 1.0, 0.5},
        Case{ParameterKind::running_variance, 1.0, 0.5}, Case{ParameterKind::norm_shift, 0.0, 0.2},
        Case{ParameterKind::running_mean, 0.0, 0.2}}) {
    constexpr std::int64_t count = 100001;
    const Array tensor = SeededWeights(3).load(spec("x", expected.kind, count, 150));
    double sum = 0;
    double squares = 0;
    double product = 0;  // of neighbours
    double previous = 0;
    for (const float value : tensor.values()) {
      const double unit = (double{value} - expected.centre) / expected.radius;
      ASSERT_LE(std::abs(unit), 1.0 + 1e-6);
      sum += unit;
      squares += unit * unit;
      product += unit * previous;
      previous = unit;
    }
    EXPECT_NEAR(sum / count, 0.0, 0.01);
    EXPECT_NEAR(squares / count, 1.0 / 3, 0.01);
    EXPECT_NEAR(product / count, 0.0, 0.01);
  }
}

TEST(SeededWeights, depend_on_seed_and_name_and_nothing_else) {
  const ParameterSpec a = spec("a", ParameterKind::weight, 100, 10);
  EXPECT_TRUE(bit_equal(SeededWeights(1).load(a), SeededWeights(1).load(a)));
  EXPECT_FALSE(bit_equal(SeededWeights(1).load(a), SeededWeights(2).load(a)));
  EXPECT_FALSE(
      bit_equal(SeededWeights(1).load(a), SeededWeights(1).load(spec("b", ParameterKind::weight, 100, 10))));
  // A value depends on its place alone, not on how many there are.
  const Array shorter = SeededWeights(1).load(spec("a", ParameterKind::weight, 51, 10));
  EXPECT_TRUE(bit_equal(Tensor::copy_of(SeededWeights(1).load(a)).slice(0, 51), shorter));
}

TEST(SeededWeights, keep_the_scale_of_activations) {
  Graph graph("test", {1, 16, 12, 12});
  for (int i = 0; i < 12; ++i) {
    graph.add("conv" + std::to_string(i),
              Conv2dLayer{.out_channels = 32, .kernel = {3, 3}, .padding = {1, 1}});
    graph.add("relu" + std::to_string(i), ReluLayer{});
  }
  const SeededWeights weights(1);
  Executor executor(graph, weights, test::executor_options());
  const TensorMap outputs =
      executor.run_range(1, graph.size(), {{0, test::random_tensor(graph.layer(0).output_shape, 1)}});
  double squares = 0;
  const Array& output = outputs.at(graph.output());
  for (const float value : output.values()) squares += double{value} * double{value};
  const double root_mean_square = std::sqrt(squares / static_cast<double>(output.elements()));
  EXPECT_GT(root_mean_square, 0.05);
  EXPECT_LT(root_mean_square, 5.0);
}

TEST(ModelHash, is_sha256_of_description_and_weights) {
  const Graph graph("net", {1, 3, 4, 5});
  // printf 'network net\n0 input input () -> 1x3x4x5\nweights seed 7\n' | sha256sum
  EXPECT_EQ(model_hash(graph, SeededWeights(7)),
            "d4e45a37f73eb6ab2f05b431bfee3925e2f89325af6e8330df4249af1c389198");
}

TEST(ModelHash, differs_with_network_frame_and_seed) {
  const std::string hash = model_hash(make_model("vgg11", {}), SeededWeights(1));
  EXPECT_EQ(hash, model_hash(make_model("vgg11", {}), SeededWeights(1)));
  EXPECT_NE(hash, model_hash(make_model("vgg11", {}), SeededWeights(2)));
  EXPECT_NE(hash, model_hash(make_model("vgg13", {}), SeededWeights(1)));
  EXPECT_NE(hash, model_hash(make_model("vgg11", {.rows = 225}), SeededWeights(1)));
  EXPECT_NE(hash, model_hash(make_model("vgg11", {.features_only = true}), SeededWeights(1)));
}

}  // namespace
}  // namespace edge
