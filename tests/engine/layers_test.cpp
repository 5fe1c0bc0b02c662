// Every operation against the definition in double precision, and PyTorch's rules by hand-computed values.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/error.h"
#include "tests/engine/reference.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

/// Parameters by name.
class GivenWeights final : public WeightSource {
 public:
  explicit GivenWeights(std::map<std::string, std::vector<float>> values) : values_(std::move(values)) {}
  Array load(const ParameterSpec& parameter) const override {
    Tensor tensor(parameter.shape);
    const std::vector<float>& values = values_.at(parameter.name);
    EXPECT_EQ(values.size(), tensor.elements()) << parameter.name;
    std::copy(values.begin(), values.end(), tensor.data());
    return tensor;
  }
  std::string identity() const override { return "given"; }

 private:
  std::map<std::string, std::vector<float>> values_;
};

Tensor tensor_of(const Shape& shape, const std::vector<float>& values) {
  Tensor tensor(shape);
  EXPECT_EQ(values.size(), tensor.elements());
  std::copy(values.begin(), values.end(), tensor.data());
  return tensor;
}

Tensor counted(const Shape& shape) {
  Tensor tensor(shape);
  std::iota(tensor.values().begin(), tensor.values().end(), 1.0F);
  return tensor;
}

std::vector<float> run_layer(const Operation& operation, const Tensor& input,
                             const std::map<std::string, std::vector<float>>& parameters = {}) {
  Graph graph("test", input.shape());
  graph.add("x", operation);
  const GivenWeights weights(parameters);
  Executor executor(graph, weights, test::executor_options());
  const Array output = executor.run({1}, {{0, input}}, {1}).at(1);
  EXPECT_EQ(output.shape(), graph.layer(1).output_shape);
  return {output.values().begin(), output.values().end()};
}

using Floats = std::vector<float>;

TEST(Layers, conv2d_by_hand) {
  const Conv2dLayer conv{.out_channels = 1, .kernel = {2, 2}, .stride = {2, 1}, .padding = {1, 0}};
  // 0 0 0 / 1 2 3 / 4 5 6 / 7 8 9 / 0 0 0, windows at rows 0 and 2
  EXPECT_EQ(run_layer(conv, counted({1, 1, 3, 3}), {{"x.weight", {1, 10, 100, 1000}}, {"x.bias", {0.5F}}}),
            (Floats{2100.5F, 3200.5F, 8754.5F, 9865.5F}));
}

TEST(Layers, max_pool2d_by_hand) {
  EXPECT_EQ(run_layer(MaxPool2dLayer{.kernel = {2, 2}, .stride = {2, 2}}, counted({1, 1, 3, 4})),
            (Floats{6, 8}));
  EXPECT_EQ(
      run_layer(MaxPool2dLayer{.kernel = {2, 2}, .stride = {2, 2}, .ceil_mode = true}, counted({1, 1, 3, 4})),
      (Floats{6, 8, 10, 12}));
  // Padding never wins, not even over negative values.
  const Tensor negative = tensor_of({1, 1, 2, 2}, {-4, -3, -2, -1});
  EXPECT_EQ(run_layer(MaxPool2dLayer{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}, negative),
            Floats{-1});
  EXPECT_EQ(run_layer(MaxPool2dLayer{.kernel = {2, 2}, .dilation = {2, 2}}, counted({1, 1, 3, 4})),
            (Floats{11, 12}));
}

TEST(Layers, average_pool2d_by_hand) {
  const Tensor image = counted({1, 1, 4, 4});
  const AveragePool2dLayer ceil{.kernel = {3, 3}, .stride = {2, 2}, .padding = {0, 0}, .ceil_mode = true};
  EXPECT_EQ(run_layer(ceil, image),
            (Floats{6, 7.5F, 12, 13.5F}));  // clipped windows divide by what is inside
  AveragePool2dLayer padded{.kernel = {3, 3}, .stride = {3, 3}, .padding = {1, 1}};
  EXPECT_EQ(run_layer(padded, image), (Floats{14 / 9.0F, 22 / 9.0F, 46 / 9.0F, 6}));
  padded.count_include_pad = false;
  EXPECT_EQ(run_layer(padded, image), (Floats{3.5F, 5.5F, 11.5F, 13.5F}));
}

TEST(Layers, adaptive_average_pool2d_by_hand) {
  // Rows 0-1 and 1-2 of three, columns 0-1, 1-2, 2-3 of four.
  EXPECT_EQ(run_layer(AdaptiveAveragePool2dLayer{.output = {2, 3}}, counted({1, 1, 3, 4})),
            (Floats{3.5F, 4.5F, 5.5F, 7.5F, 8.5F, 9.5F}));
  EXPECT_EQ(run_layer(AdaptiveAveragePool2dLayer{.output = {2, 4}}, counted({1, 1, 1, 2})),
            (Floats{1, 1, 2, 2, 1, 1, 2, 2}));
}

TEST(Layers, batch_norm2d_by_hand) {
  EXPECT_EQ(run_layer(BatchNorm2dLayer{.epsilon = 1.0}, counted({1, 2, 1, 2}),
                      {{"x.weight", {2, 4}},
                       {"x.bias", {10, 20}},
                       {"x.running_mean", {1, 3}},
                       {"x.running_var", {3, 15}}}),
            (Floats{10, 11, 20, 21}));
}

TEST(Layers, linear_by_hand) {
  EXPECT_EQ(run_layer(LinearLayer{.out_features = 2}, tensor_of({1, 3}, {1, 2, 3}),
                      {{"x.weight", {1, 10, 100, -1, -10, -100}}, {"x.bias", {0.25F, 0.5F}}}),
            (Floats{321.25F, -320.5F}));
}

TEST(Layers, relu_and_softmax_by_hand) {
  EXPECT_EQ(run_layer(ReluLayer{}, tensor_of({1, 4}, {-1, 0, 2, -3})), (Floats{0, 0, 2, 0}));
  EXPECT_EQ(run_layer(SoftmaxLayer{}, tensor_of({2, 2}, {3, 3, 1000, -1000})), (Floats{0.5F, 0.5F, 1, 0}));
}

TEST(Layers, relu6_by_hand) {
  EXPECT_EQ(run_layer(Relu6Layer{}, tensor_of({1, 4}, {-1, 6.5F, 2, 6})), (Floats{0, 6, 2, 6}));
}

TEST(Layers, local_response_norm_by_hand) {
  // Windows of two channels: 3 + 1, 3 + 1 + 8.
  const LocalResponseNormLayer norm{.size = 2, .alpha = 2, .beta = 0.5, .k = 3};
  EXPECT_EQ(run_layer(norm, tensor_of({1, 2, 1, 1}, {1, std::sqrt(12.0F)})),
            (Floats{0.5F, std::sqrt(12.0F) / 4}));
  Graph graph("test", {1, 2, 1, 1});
  EXPECT_THROW(graph.add("x", LocalResponseNormLayer{.size = 0}), Error);
}

TEST(Layers, a_fused_relu_has_the_bits_of_one_on_its_own) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const GivenWeights weights({{"conv.weight", {1}},
                              {"linear.weight", {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}},
                              {"norm.weight", {1}},
                              {"norm.bias", {-0.0F}},
                              {"norm.running_mean", {0}},
                              {"norm.running_var", {1}}});
  for (const float special : {0.0F, -0.0F, nan, infinity, -infinity, 1e-40F, -1e-40F}) {
    for (const char* name : {"conv", "linear", "norm", "add"}) {
      const std::string kind = name;
      const bool matrix = kind == "linear";
      Graph graph("test", matrix ? Shape{1, 4} : Shape{1, 1, 3, 11});
      if (kind == "conv") graph.add(name, Conv2dLayer{.out_channels = 1, .bias = false});
      if (kind == "linear") graph.add(name, LinearLayer{.out_features = 4, .bias = false});
      if (kind == "norm") graph.add(name, BatchNorm2dLayer{});
      if (kind == "add") graph.add(name, AddLayer{}, {0, 0});
      graph.add("relu", ReluLayer{});
      Tensor frame = test::random_tensor(graph.layer(0).output_shape, 1);
      for (std::size_t i = 0; i < frame.elements(); i += 3) frame.data()[i] = special;
      Executor executor(graph, weights, test::executor_options());
      const Array fused = executor.run({1, 2}, {{0, frame}}, {2}).at(2);
      const Array separate = executor.run({1, 2}, {{0, frame}}, {1, 2}).at(2);
      EXPECT_TRUE(bit_equal(fused, separate)) << name << ", " << special;
      if (!std::isnan(special) && !matrix) {
        for (const float value : fused.values()) EXPECT_FALSE(std::signbit(value)) << name << ", " << special;
      }
    }
  }
}

TEST(Layers, channel_scale_by_hand) {
  const ChannelScaleLayer scale{.scale = {2, -1}, .shift = {0.5F, 3}};
  EXPECT_EQ(run_layer(scale, counted({1, 2, 1, 2})), (Floats{2.5F, 4.5F, 0, -1}));
  Graph graph("test", {1, 3, 1, 1});
  EXPECT_THROW(graph.add("x", scale), Error);
}

/// Convolutions of every algorithm, each with a residual (made before or behind it), and ReLU6.
TEST(Layers, a_fused_residual_or_relu6_has_the_bits_of_a_layer_on_its_own) {
  const SeededWeights weights(1);
  const std::vector<Conv2dLayer> convolutions{
      {.out_channels = 8, .kernel = {1, 1}},
      {.out_channels = 8, .kernel = {3, 3}, .padding = {1, 1}},
      {.out_channels = 8, .kernel = {5, 5}, .padding = {2, 2}, .groups = 2},
      {.out_channels = 8, .kernel = {3, 3}, .padding = {1, 1}, .groups = 8},
      {.out_channels = 8, .kernel = {7, 7}, .padding = {3, 3}},
  };
  for (const Conv2dLayer& conv : convolutions) {
    for (const bool first : {false, true}) {
      Graph graph("test", {1, 8, 24, 30});
      graph.add("stem", Conv2dLayer{.out_channels = 8});
      const LayerIndex before =
          first ? graph.add("conv", conv, {1}) : graph.add("pool", MaxPool2dLayer{}, {1});
      const LayerIndex behind =
          first ? graph.add("pool", MaxPool2dLayer{}, {1}) : graph.add("conv", conv, {1});
      const LayerIndex sum = first ? graph.add("add", AddLayer{}, {behind, before})
                                   : graph.add("add", AddLayer{}, {before, behind});
      graph.add("relu6", Relu6Layer{}, {sum});
      graph.add("last", conv);
      graph.add("last.relu6", Relu6Layer{});
      Tensor frame = test::random_tensor(graph.layer(0).output_shape, 1);
      for (float& value : frame.values()) value *= 4;
      Executor executor(graph, weights, test::executor_options());
      const TensorMap given{{0, frame}};
      const Array fused = executor.run_range(1, graph.size(), given).at(graph.output());
      const Array apart =
          executor.run(test::all_layers(graph), given, test::all_layers(graph)).at(graph.output());
      EXPECT_TRUE(bit_equal(fused, apart))
          << conv.kernel.rows << "x" << conv.kernel.rows << " " << conv.groups;
      EXPECT_EQ(*std::max_element(fused.values().begin(), fused.values().end()), 6);
    }
  }
}

std::vector<Activation> activations() {
  return {Activation::relu(),
          Activation::relu6(),
          Activation::clamp(-1, 2),
          Activation::leaky_relu(0.1F),
          Activation::elu(),
          Activation::sigmoid(),
          Activation::hard_sigmoid(0.2F, 0.5F),
          Activation::hard_swish(),
          Activation::silu(),
          Activation::mish(),
          Activation::tanh()};
}

/// Behind convolutions of every algorithm, with and without an addition between, and behind the other layers
/// that can end with one.
TEST(Layers, any_fused_activation_has_the_bits_of_a_layer_on_its_own) {
  const SeededWeights weights(1);
  const std::vector<Operation> hosts{
      Conv2dLayer{.out_channels = 8, .kernel = {1, 1}},
      Conv2dLayer{.out_channels = 8, .kernel = {3, 3}, .padding = {1, 1}},
      Conv2dLayer{.out_channels = 8, .kernel = {5, 5}, .padding = {2, 2}, .groups = 2},
      Conv2dLayer{.out_channels = 8, .kernel = {3, 3}, .padding = {1, 1}, .groups = 8},
      Conv2dLayer{.out_channels = 8, .kernel = {7, 7}, .padding = {3, 3}, .groups = 8},
      BatchNorm2dLayer{},
      ChannelScaleLayer{.scale = std::vector<float>(8, 3), .shift = std::vector<float>(8, -0.5F)},
      LinearLayer{.out_features = 37},
      AddLayer{},
  };
  for (const Operation& host : hosts) {
    for (const Activation& activation : activations()) {
      for (const bool residual : {false, true}) {
        const bool linear = host.is<LinearLayer>();
        if (linear && residual) continue;
        Graph graph("test", linear ? Shape{2, 50} : Shape{1, 8, 24, 30});
        if (!linear) graph.add("stem", Conv2dLayer{.out_channels = 8});
        const LayerIndex stem = graph.output();
        graph.add("host", host, host.is<AddLayer>() ? std::vector{stem, stem} : std::vector{stem});
        if (residual) graph.add("add", AddLayer{}, {stem, graph.output()});
        graph.add("activation", ActivationLayer{activation});
        Tensor frame = test::random_tensor(graph.layer(0).output_shape, 1);
        for (float& value : frame.values()) value *= 4;
        Executor executor(graph, weights, test::executor_options(2));
        const TensorMap given{{0, frame}};
        const Array fused = executor.run_range(1, graph.size(), given).at(graph.output());
        const TensorMap apart = executor.run(test::all_layers(graph), given, test::all_layers(graph));
        EXPECT_TRUE(bit_equal(fused, apart.at(graph.output()))) << graph.description();
        EXPECT_FALSE(bit_equal(fused, apart.at(graph.output() - 1))) << graph.description();
      }
    }
  }
}

TEST(Layers, slices_by_hand) {
  EXPECT_EQ(run_layer(SliceLayer{.axis = 1, .begin = 1, .count = 2}, counted({1, 4, 1, 2})),
            (Floats{3, 4, 5, 6}));
  EXPECT_EQ(run_layer(SliceLayer{.axis = 1, .begin = 1, .count = 1}, counted({2, 2, 1, 2})),
            (Floats{3, 4, 7, 8}));
  EXPECT_EQ(run_layer(SliceLayer{.axis = 3, .begin = 0, .count = 1}, counted({1, 2, 1, 2})), (Floats{1, 3}));
  Graph graph("test", {1, 4, 1, 2});
  for (const SliceLayer& slice :
       {SliceLayer{.axis = 4}, SliceLayer{.axis = -1}, SliceLayer{.begin = -1}, SliceLayer{.begin = 4},
        SliceLayer{.begin = 3, .count = 2}, SliceLayer{.count = 0}}) {
    EXPECT_THROW(graph.add("x", slice), Error);
  }
}

TEST(Layers, activations_that_cannot_be) {
  Graph graph("test", {1, 4});
  EXPECT_THROW(graph.add("x", ActivationLayer{Activation()}), Error);
  EXPECT_THROW(graph.add("x", ActivationLayer{Activation::clamp(2, 1)}), Error);
}

TEST(Layers, concat_of_a_batch) {
  Graph graph("test", {2, 1, 1, 2});
  const LayerIndex twice = graph.add("twice", AddLayer{}, {0, 0});
  graph.add("concat", ConcatLayer{}, {0, twice, 0});
  const GivenWeights weights({});
  Executor executor(graph, weights, test::executor_options());
  const Array output = executor.run({1, 2}, {{0, counted({2, 1, 1, 2})}}, {2}).at(2);
  EXPECT_EQ(Floats(output.values().begin(), output.values().end()),
            (Floats{1, 2, 2, 4, 1, 2, 3, 4, 6, 8, 3, 4}));
}

Operation random_operation(test::Random& random, const Shape& input) {
  const auto extent = [&](int least, int most) {
    return Extent2d{test::pick(random, least, most), test::pick(random, least, most)};
  };
  const Extent2d kernel = extent(1, 4);
  const Extent2d half_padding{test::pick(random, 0, static_cast<int>(kernel.rows) / 2),
                              test::pick(random, 0, static_cast<int>(kernel.columns) / 2)};
  const bool flag = random() % 2 == 0;
  switch (test::pick(random, 0, 11)) {
    case 9:
      return ActivationLayer{activations()[random() % activations().size()]};
    case 10:
      return SliceLayer{.axis = test::pick(random, 0, 3),
                        .begin = test::pick(random, 0, 2),
                        .count = test::pick(random, 1, 3)};
    case 0:
    case 1: {
      Conv2dLayer conv{.out_channels = test::pick(random, 1, 20), .kernel = kernel};
      conv.stride = extent(1, 3);
      conv.padding = extent(0, 3);
      conv.dilation = extent(1, 2);
      conv.bias = flag;
      if (random() % 3 == 0) conv.groups = conv.out_channels = input[1];
      if (random() % 4 == 0 && input[1] % 2 == 0) {
        conv.groups = 2;
        conv.out_channels = 6;
      }
      return conv;
    }
    case 2:
      return MaxPool2dLayer{kernel, extent(1, 3), half_padding, extent(1, 2), flag};
    case 3:
      return AveragePool2dLayer{kernel, extent(1, 3), half_padding, flag, random() % 2 == 0};
    case 4:
      return AdaptiveAveragePool2dLayer{extent(1, 9)};
    case 5:
      return BatchNorm2dLayer{};
    case 6:
      return ReluLayer{};
    case 7:
      return Relu6Layer{};
    case 8:
      return LocalResponseNormLayer{
          .size = test::pick(random, 1, 7), .alpha = 0.5, .beta = flag ? 0.75 : 0.6};
    default:
      return FlattenLayer{};
  }
}

void expect_near(const Array& actual, const test::Values& expected, const std::string& what) {
  double largest = 1e-6;
  for (const double value : expected) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  }
  ASSERT_EQ(actual.elements(), expected.size()) << what;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (double{actual.values()[i]} == expected[i]) continue;  // -infinity: a window of padding alone
    ASSERT_NEAR(double{actual.values()[i]}, expected[i], 1e-5 * largest) << what << ", element " << i;
  }
}

TEST(Layers, random_settings_against_the_definition) {
  test::Random random(11);
  const SeededWeights weights(5);
  int tested = 0;
  for (int round = 0; round < 500; ++round) {
    const Shape shape{test::pick(random, 1, 2), test::pick(random, 1, 9), test::pick(random, 1, 14),
                      test::pick(random, 1, 14)};
    Graph graph("test", shape);
    try {
      graph.add("x", random_operation(random, shape));
    } catch (const Error&) {
      continue;  // a window that does not fit
    }
    ++tested;
    Executor executor(graph, weights, test::executor_options(1 + round % 2));
    const Tensor frame = test::random_tensor(shape, static_cast<std::uint32_t>(round));
    const Array output = executor.run({1}, {{0, frame}}, {1}).at(1);
    expect_near(output, test::run_reference(graph, weights, frame)[1], graph.description());
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(tested, 250);
}

TEST(Layers, linear_and_softmax_of_a_batch_against_the_definition) {
  Graph graph("test", {3, 77});
  graph.add("fc1", LinearLayer{.out_features = 33});
  graph.add("relu", ReluLayer{});
  graph.add("fc2", LinearLayer{.out_features = 10, .bias = false});
  graph.add("softmax", SoftmaxLayer{});
  const SeededWeights weights(5);
  Executor executor(graph, weights, test::executor_options(2));
  const Tensor frame = test::random_tensor({3, 77}, 1);
  const std::vector<test::Values> expected = test::run_reference(graph, weights, frame);
  for (LayerIndex index = 1; index < graph.size(); ++index) {
    const Array output = executor.run(test::all_layers(graph), {{0, frame}}, {index}).at(index);
    expect_near(output, expected[static_cast<std::size_t>(index)], graph.layer(index).name);
  }
}

}  // namespace
}  // namespace edge
