// A small network for tests that has every kind of layer and the shapes of GoogLeNet and ResNet in miniature:
//
//   stem ─┬─ shortcut (1x1) ────────────────────────────────────────────┐
//         ├─ 1x1 ───────────┐                                           │
//         ├─ 1x1 ── 3x3 ────┼─ concat ── 3x3 ── norm ── 3x3 ── norm ── add ── ReLU ── pool ── head
//         └─ pool ── 1x1 ───┘
//
// Its order interleaves the branches, so that cuts cross up to four tensors.
#include "engine/models/families.h"

namespace edge {

Graph make_toy_dag(const std::string& name, const ModelOptions& options) {
  Graph graph(name, {1, 3, options.rows, options.columns});
  const auto conv = [](std::int64_t channels, std::int64_t kernel) {
    return Conv2dLayer{
        .out_channels = channels, .kernel = {kernel, kernel}, .padding = {kernel / 2, kernel / 2}};
  };

  graph.add("stem.conv",
            Conv2dLayer{.out_channels = 16, .kernel = {5, 5}, .stride = {2, 2}, .padding = {2, 2}});
  graph.add("stem.relu", ReluLayer{});
  const LayerIndex stem =
      graph.add("stem.pool", MaxPool2dLayer{.kernel = {3, 3}, .stride = {2, 2}, .ceil_mode = true});

  const LayerIndex shortcut = graph.add("shortcut", conv(24, 1), {stem});
  const LayerIndex branch1_conv = graph.add("branch1.conv", conv(8, 1), {stem});
  const LayerIndex branch2_conv1 = graph.add("branch2.conv1", conv(8, 1), {stem});
  const LayerIndex branch3_pool = graph.add(
      "branch3.pool", MaxPool2dLayer{.kernel = {3, 3}, .stride = {1, 1}, .padding = {1, 1}}, {stem});
  const LayerIndex branch2_relu1 = graph.add("branch2.relu1", ReluLayer{}, {branch2_conv1});
  const LayerIndex branch1 = graph.add("branch1.norm", LocalResponseNormLayer{}, {branch1_conv});
  graph.add("branch2.conv2", conv(12, 3), {branch2_relu1});
  const LayerIndex branch2 = graph.add("branch2.relu2", ReluLayer{});
  graph.add("branch3.conv", conv(4, 1), {branch3_pool});
  const LayerIndex branch3 = graph.add("branch3.relu", Relu6Layer{});
  graph.add("concat", ConcatLayer{}, {branch1, branch2, branch3});

  Conv2dLayer grouped = conv(24, 3);
  grouped.groups = 2;
  grouped.bias = false;
  Conv2dLayer depthwise = grouped;
  depthwise.groups = 24;
  depthwise.dilation = {2, 2};
  depthwise.padding = {2, 2};
  graph.add("residual.conv1", grouped);
  graph.add("residual.norm1", BatchNorm2dLayer{});
  graph.add("residual.relu1", ReluLayer{});
  graph.add("residual.conv2", depthwise);
  const LayerIndex residual = graph.add("residual.norm2", BatchNorm2dLayer{});
  graph.add("residual.add", AddLayer{}, {residual, shortcut});
  graph.add("residual.relu2", ReluLayer{});
  graph.add("pool", AveragePool2dLayer{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}});
  if (options.features_only) return graph;

  graph.add("avgpool", AdaptiveAveragePool2dLayer{.output = {3, 3}});
  graph.add("flatten", FlattenLayer{});
  graph.add("dropout", DropoutLayer{});
  graph.add("fc", LinearLayer{.out_features = options.classes});
  graph.add("softmax", SoftmaxLayer{});
  return graph;
}

}  // namespace edge
