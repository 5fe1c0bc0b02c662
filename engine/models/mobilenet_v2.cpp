// MobileNetV2, width 1, as torchvision defines it (Sandler et al. 2018).
#include "engine/models/families.h"

namespace edge {
namespace {

/// Convolution and batch norm under these module paths; depthwise if there are as many groups as channels.
void add_normed_convolution(Graph& graph, const std::string& convolution, const std::string& norm,
                            std::int64_t channels, std::int64_t kernel, std::int64_t stride,
                            std::int64_t groups) {
  graph.add(convolution, Conv2dLayer{.out_channels = channels,
                                     .kernel = {kernel, kernel},
                                     .stride = {stride, stride},
                                     .padding = {kernel / 2, kernel / 2},
                                     .groups = groups,
                                     .bias = false});
  graph.add(norm, BatchNorm2dLayer{});
}

/// torchvision's Conv2dNormActivation: modules 0, 1 and 2 of `name`.
void add_activated(Graph& graph, const std::string& name, std::int64_t channels, std::int64_t kernel,
                   std::int64_t stride, std::int64_t groups = 1) {
  add_normed_convolution(graph, name + ".0", name + ".1", channels, kernel, stride, groups);
  graph.add(name + ".2", Relu6Layer{});
}

/// torchvision's InvertedResidual: 1x1 that widens (unless `expansion` is 1), depthwise 3x3, 1x1 that
/// narrows.
void add_inverted_residual(Graph& graph, const std::string& name, std::int64_t channels,
                           std::int64_t expansion, std::int64_t stride) {
  const LayerIndex input = graph.output();
  const std::int64_t in_channels = graph.layer(input).output_shape[1];
  const std::int64_t wide = in_channels * expansion;
  int module = 0;
  const auto next_name = [&] { return name + ".conv." + std::to_string(module++); };
  if (expansion != 1) add_activated(graph, next_name(), wide, 1, 1);
  add_activated(graph, next_name(), wide, 3, stride, wide);
  const std::string convolution = next_name();
  add_normed_convolution(graph, convolution, next_name(), channels, 1, 1, 1);
  if (stride == 1 && in_channels == channels) graph.add(name, AddLayer{}, {input, graph.output()});
}

struct Stage {
  int expansion, channels, blocks, stride;
};

}  // namespace

Graph make_mobilenet_v2(const std::string& name, const ModelOptions& options) {
  constexpr Stage stages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                              {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  Graph graph(name, {1, 3, options.rows, options.columns});
  int module = 0;
  const auto next_name = [&] { return "features." + std::to_string(module++); };
  add_activated(graph, next_name(), 32, 3, 2);
  for (const Stage& stage : stages) {
    for (int block = 0; block < stage.blocks; ++block) {
      add_inverted_residual(graph, next_name(), stage.channels, stage.expansion,
                            block == 0 ? stage.stride : 1);
    }
  }
  add_activated(graph, next_name(), 1280, 1, 1);
  if (options.features_only) return graph;

  graph.add("avgpool", AdaptiveAveragePool2dLayer{.output = {1, 1}});
  graph.add("flatten", FlattenLayer{});
  graph.add("classifier.0", DropoutLayer{});
  graph.add("classifier.1", LinearLayer{.out_features = options.classes});
  return graph;
}

}  // namespace edge
