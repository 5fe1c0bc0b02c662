#include "engine/graph.h"

#include <gtest/gtest.h>

#include <functional>

#include "engine/error.h"
#include "tests/engine/support.h"
#include "tests/error_of.h"

namespace edge {
namespace {

using Layers = std::vector<LayerIndex>;

/// Shape of one operation's output.
Shape output_of(const Shape& input, const Operation& operation) {
  Graph graph("test", input);
  graph.add("layer", operation);
  return graph.layer(1).output_shape;
}

using test::error_of;

TEST(Graph, starts_with_its_input) {
  const Graph graph("test", {1, 3, 4, 5});
  EXPECT_EQ(graph.size(), 1);
  EXPECT_EQ(graph.output(), 0);
  EXPECT_EQ(graph.layer(0).name, "input");
  EXPECT_EQ(graph.output_bytes(0), 240U);
  EXPECT_STREQ(operation_name(graph.layer(0).operation), "input");
}

TEST(GraphShapes, conv2d) {
  EXPECT_EQ(
      output_of({1, 3, 224, 224},
                Conv2dLayer{.out_channels = 64, .kernel = {11, 11}, .stride = {4, 4}, .padding = {2, 2}}),
      Shape({1, 64, 55, 55}));
  EXPECT_EQ(output_of({2, 4, 10, 12}, Conv2dLayer{.out_channels = 6,
                                                  .kernel = {3, 2},
                                                  .stride = {1, 2},
                                                  .padding = {0, 1},
                                                  .dilation = {2, 3},
                                                  .groups = 2}),
            Shape({2, 6, 6, 6}));  // rows: 10 - 5 + 1; columns: (12 + 2 - 4) / 2 + 1
}

TEST(GraphShapes, conv2d_parameters) {
  Graph graph("test", {1, 8, 5, 5});
  graph.add("conv", Conv2dLayer{.out_channels = 6, .kernel = {3, 2}, .groups = 2});
  const Layer& layer = graph.layer(1);
  ASSERT_EQ(layer.parameters.size(), 2U);
  EXPECT_EQ(layer.parameters[0].name, "conv.weight");
  EXPECT_EQ(layer.parameters[0].shape, Shape({6, 4, 3, 2}));
  EXPECT_EQ(layer.parameters[0].fan_in, 24);
  EXPECT_EQ(layer.parameters[1].name, "conv.bias");
  EXPECT_EQ(layer.parameters[1].shape, Shape({6}));
  EXPECT_EQ(layer.parameters[1].fan_in, 24);
  EXPECT_EQ(layer.macs, 6 * 3 * 4 * 24);
}

TEST(GraphShapes, max_pool2d_ceil_mode) {
  const MaxPool2dLayer floor{.kernel = {3, 3}, .stride = {2, 2}};
  MaxPool2dLayer ceil = floor;
  ceil.ceil_mode = true;
  EXPECT_EQ(output_of({1, 1, 112, 112}, floor), Shape({1, 1, 55, 55}));
  EXPECT_EQ(output_of({1, 1, 112, 112}, ceil), Shape({1, 1, 56, 56}));  // GoogLeNet's maxpool1
  EXPECT_EQ(output_of({1, 1, 7, 7}, floor), Shape({1, 1, 3, 3}));
  EXPECT_EQ(output_of({1, 1, 7, 7}, ceil), Shape({1, 1, 3, 3}));
  // The last window must start inside the image or its left padding: 5 columns, stride 3, kernel 2,
  // padding 1.
  const MaxPool2dLayer edge{
      .kernel = {2, 2}, .stride = {3, 3}, .padding = {1, 1}, .dilation = {1, 1}, .ceil_mode = true};
  EXPECT_EQ(output_of({1, 1, 5, 5}, edge), Shape({1, 1, 2, 2}));
  EXPECT_EQ(output_of({1, 1, 6, 6}, edge), Shape({1, 1, 3, 3}));
}

TEST(GraphShapes, max_pool2d_dilation) {
  EXPECT_EQ(output_of({1, 1, 9, 9}, MaxPool2dLayer{.kernel = {3, 3}, .dilation = {2, 3}}),
            Shape({1, 1, 5, 3}));
}

TEST(GraphShapes, average_pools) {
  EXPECT_EQ(
      output_of({1, 5, 9, 8}, AveragePool2dLayer{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}),
      Shape({1, 5, 5, 4}));
  EXPECT_EQ(output_of({1, 5, 14, 21}, AdaptiveAveragePool2dLayer{.output = {6, 7}}), Shape({1, 5, 6, 7}));
}

TEST(GraphShapes, flatten_and_linear) {
  EXPECT_EQ(output_of({2, 3, 4, 5}, FlattenLayer{}), Shape({2, 60}));
  EXPECT_EQ(output_of({2, 60}, LinearLayer{.out_features = 7}), Shape({2, 7}));
  EXPECT_EQ(output_of({2, 60}, SoftmaxLayer{}), Shape({2, 60}));
  EXPECT_EQ(output_of({2, 60}, DropoutLayer{}), Shape({2, 60}));
}

TEST(GraphShapes, batch_norm_parameters) {
  Graph graph("test", {1, 8, 5, 5});
  graph.add("norm", BatchNorm2dLayer{});
  const Layer& layer = graph.layer(1);
  ASSERT_EQ(layer.parameters.size(), 4U);
  EXPECT_EQ(layer.parameters[0].name, "norm.weight");
  EXPECT_EQ(layer.parameters[1].name, "norm.bias");
  EXPECT_EQ(layer.parameters[2].name, "norm.running_mean");
  EXPECT_EQ(layer.parameters[3].name, "norm.running_var");
  for (const ParameterSpec& parameter : layer.parameters) EXPECT_EQ(parameter.shape, Shape({8}));
}

TEST(GraphShapes, concat_and_add) {
  Graph graph("test", {1, 3, 4, 5});
  const LayerIndex a = graph.add("a", Conv2dLayer{.out_channels = 6}, {0});
  const LayerIndex b = graph.add("b", Conv2dLayer{.out_channels = 2}, {0});
  EXPECT_EQ(graph.layer(graph.add("concat", ConcatLayer{}, {a, b, a})).output_shape, Shape({1, 14, 4, 5}));
  EXPECT_EQ(graph.layer(graph.add("add", AddLayer{}, {a, a})).output_shape, Shape({1, 6, 4, 5}));
  EXPECT_EQ(graph.consumers(a), (Layers{3, 4}));  // each consumer once
}

TEST(GraphErrors, name_the_layer_and_what_does_not_fit) {
  Graph graph("net", {1, 3, 4, 5});
  EXPECT_EQ(error_of([&] {
              graph.add("pool", MaxPool2dLayer{.kernel = {6, 3}});
            }),
            "net: layer pool (max_pool2d): a window of 6x3 is larger than the padded image of 4x5");
  EXPECT_EQ(error_of([&] { graph.add("conv", Conv2dLayer{.out_channels = 4, .groups = 2}); }),
            "net: layer conv (conv2d): 2 groups do not divide 3 input and 4 output channels");
  EXPECT_EQ(error_of([&] {
              graph.add("pool", MaxPool2dLayer{.kernel = {3, 3}, .padding = {2, 2}});
            }),
            "net: layer pool (max_pool2d): padding 2x2 is more than half of the kernel 3x3");
  EXPECT_EQ(error_of([&] {
              graph.add("conv", Conv2dLayer{.out_channels = 4, .stride = {0, 1}});
            }),
            "net: layer conv (conv2d): stride 0x1 is out of range");
  EXPECT_EQ(error_of([&] { graph.add("fc", LinearLayer{.out_features = 4}); }),
            "net: layer fc (linear): needs a matrix, not 1x3x4x5; flatten it first");
  EXPECT_EQ(error_of([&] {
              graph.add("conv", Conv2dLayer{.out_channels = 4, .padding = {1 << 19, 1 << 19}});
            }),
            "net: layer conv (conv2d): an output of 1x4x1048580x1048581 is too large for this device");
  EXPECT_EQ(graph.size(), 1) << "a failed layer must not stay in the graph";
  const LayerIndex conv = graph.add("conv", Conv2dLayer{.out_channels = 4});
  EXPECT_EQ(error_of([&] {
              graph.add("add", AddLayer{}, {0, conv});
            }),
            "net: layer add (add): cannot add 1x3x4x5 and 1x4x4x5");
  const LayerIndex pool = graph.add("pool", MaxPool2dLayer{.kernel = {2, 2}, .stride = {2, 2}});
  EXPECT_EQ(error_of([&] {
              graph.add("concat", ConcatLayer{}, {conv, pool});
            }),
            "net: layer concat (concat): cannot concatenate 1x4x4x5 and 1x4x2x2 along channels");
}

TEST(Graph, boundary_of_a_chain_is_the_layer_before) {
  Graph graph("test", {1, 3, 4, 5});
  graph.add("a", ReluLayer{});
  graph.add("b", ReluLayer{});
  EXPECT_EQ(graph.boundary(1), Layers{0});
  EXPECT_EQ(graph.boundary(2), Layers{1});
  EXPECT_EQ(graph.boundary(3), Layers{2});
}

TEST(Graph, boundary_of_a_dag_has_all_tensors_that_are_still_needed) {
  Graph graph("test", {1, 3, 4, 5});
  const LayerIndex stem = graph.add("stem", ReluLayer{});              // 1
  const LayerIndex left = graph.add("left", ReluLayer{}, {stem});      // 2
  const LayerIndex right = graph.add("right", ReluLayer{}, {stem});    // 3
  const LayerIndex sum = graph.add("sum", AddLayer{}, {left, right});  // 4
  graph.add("skip", AddLayer{}, {sum, stem});                          // 5
  EXPECT_EQ(graph.boundary(1), Layers{0});
  EXPECT_EQ(graph.boundary(2), Layers{1});
  EXPECT_EQ(graph.boundary(3), (Layers{1, 2}));
  EXPECT_EQ(graph.boundary(4), (Layers{1, 2, 3}));
  EXPECT_EQ(graph.boundary(5), (Layers{1, 4}));
  EXPECT_EQ(graph.boundary(6), Layers{5});
}

TEST(Graph, description_is_stable_and_has_everything) {
  Graph graph("net", {1, 3, 8, 8});
  const LayerIndex conv = graph.add(
      "conv",
      Conv2dLayer{.out_channels = 4, .kernel = {3, 3}, .stride = {2, 1}, .padding = {1, 0}, .bias = false});
  const LayerIndex norm = graph.add("norm", BatchNorm2dLayer{});
  graph.add("sum", AddLayer{}, {conv, norm});
  graph.add("max", MaxPool2dLayer{.kernel = {2, 2}});
  graph.add("avg", AveragePool2dLayer{.kernel = {2, 1}});
  graph.add("adaptive", AdaptiveAveragePool2dLayer{.output = {2, 1}});
  graph.add("flatten", FlattenLayer{});
  graph.add("fc", LinearLayer{.out_features = 5});
  EXPECT_EQ(
      graph.description(),
      "network net\n"
      "0 input input () -> 1x3x8x8\n"
      "1 conv conv2d out_channels=4 kernel=3x3 stride=2x1 padding=1x0 dilation=1x1 groups=1 (0) -> 1x4x4x6 "
      "conv.weight:4x3x3x3\n"
      "2 norm batch_norm2d epsilon=0x1.4f8b588e368f1p-17 (1) -> 1x4x4x6 norm.weight:4 norm.bias:4 "
      "norm.running_mean:4 norm.running_var:4\n"
      "3 sum add (1 2) -> 1x4x4x6\n"
      "4 max max_pool2d kernel=2x2 stride=1x1 padding=0x0 ceil_mode=0 dilation=1x1 (3) -> 1x4x3x5\n"
      "5 avg average_pool2d kernel=2x1 stride=1x1 padding=0x0 ceil_mode=0 count_include_pad=1 (4) -> "
      "1x4x2x5\n"
      "6 adaptive adaptive_average_pool2d output=2x1 (5) -> 1x4x2x1\n"
      "7 flatten flatten (6) -> 1x8\n"
      "8 fc linear out_features=5 (7) -> 1x5 fc.weight:5x8 fc.bias:5\n");
}

}  // namespace
}  // namespace edge
