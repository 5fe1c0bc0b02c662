// ResNet as torchvision defines it (He et al. 2015, "Deep Residual Learning"; the stride of a bottleneck is
// at its 3x3 convolution, "ResNet v1.5").
#include <array>
#include <cassert>
#include <map>

#include "engine/models/families.h"

namespace edge {
namespace {

struct Configuration {
  std::array<int, 4> blocks;  ///< of each stage
  bool bottleneck = false;
};

const std::map<std::string, Configuration>& resnet_configurations() {
  static const std::map<std::string, Configuration> table{
      {"resnet18", {{2, 2, 2, 2}}},
      {"resnet34", {{3, 4, 6, 3}}},
      {"resnet50", {{3, 4, 6, 3}, true}},
      {"resnet101", {{3, 4, 23, 3}, true}},
  };
  return table;
}

/// Without bias, padded to keep the size at stride 1.
Conv2dLayer convolution(std::int64_t channels, std::int64_t kernel, std::int64_t stride = 1) {
  return {.out_channels = channels,
          .kernel = {kernel, kernel},
          .stride = {stride, stride},
          .padding = {kernel / 2, kernel / 2},
          .bias = false};
}

/// `name` is the module path of the block. The ReLU, one module that runs several times, has its own name
/// where it runs last: there its output is the block's.
void add_residual_block(Graph& graph, const std::string& name, std::int64_t channels, std::int64_t stride,
                        bool bottleneck) {
  const LayerIndex input = graph.output();
  const auto add = [&](const char* layer, const Operation& operation) {
    return graph.add(name + "." + layer, operation);
  };
  const std::int64_t out_channels = bottleneck ? 4 * channels : channels;
  if (bottleneck) {
    add("conv1", convolution(channels, 1));
    add("bn1", BatchNorm2dLayer{});
    add("relu1", ReluLayer{});
    add("conv2", convolution(channels, 3, stride));
    add("bn2", BatchNorm2dLayer{});
    add("relu2", ReluLayer{});
    add("conv3", convolution(out_channels, 1));
  } else {
    add("conv1", convolution(channels, 3, stride));
    add("bn1", BatchNorm2dLayer{});
    add("relu1", ReluLayer{});
    add("conv2", convolution(out_channels, 3));
  }
  const LayerIndex residual = add(bottleneck ? "bn3" : "bn2", BatchNorm2dLayer{});
  LayerIndex shortcut = input;
  if (stride != 1 || graph.layer(input).output_shape[1] != out_channels) {
    graph.add(name + ".downsample.0", convolution(out_channels, 1, stride), {input});
    shortcut = add("downsample.1", BatchNorm2dLayer{});
  }
  graph.add(name + ".add", AddLayer{}, {residual, shortcut});
  add("relu", ReluLayer{});
}

}  // namespace

Graph make_resnet(const std::string& name, const ModelOptions& options) {
  assert(resnet_configurations().count(name) == 1);
  const Configuration& configuration = resnet_configurations().at(name);
  Graph graph(name, {1, 3, options.rows, options.columns});
  graph.add("conv1", convolution(64, 7, 2));
  graph.add("bn1", BatchNorm2dLayer{});
  graph.add("relu", ReluLayer{});
  graph.add("maxpool", MaxPool2dLayer{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}});
  for (std::size_t stage = 0; stage < configuration.blocks.size(); ++stage) {
    for (int block = 0; block < configuration.blocks[stage]; ++block) {
      add_residual_block(graph, "layer" + std::to_string(stage + 1) + "." + std::to_string(block),
                         64 << stage, stage > 0 && block == 0 ? 2 : 1, configuration.bottleneck);
    }
  }
  graph.add("avgpool", AdaptiveAveragePool2dLayer{.output = {1, 1}});
  if (options.features_only) return graph;

  graph.add("flatten", FlattenLayer{});
  graph.add("fc", LinearLayer{.out_features = options.classes});
  return graph;
}

}  // namespace edge
