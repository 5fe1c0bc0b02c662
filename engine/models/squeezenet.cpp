// SqueezeNet 1.0 and 1.1 as torchvision defines them (Iandola et al. 2016).
#include "engine/models/families.h"

namespace edge {
namespace {

/// torchvision's Fire: a 1x1 convolution that squeezes, then 1x1 and 3x3 ones side by side.
void add_fire(Graph& graph, const std::string& name, std::int64_t squeezed, std::int64_t expanded) {
  const auto add_convolution = [&](const std::string& module, LayerIndex input, std::int64_t channels,
                                   std::int64_t kernel) {
    graph.add(name + "." + module,
              Conv2dLayer{
                  .out_channels = channels, .kernel = {kernel, kernel}, .padding = {kernel / 2, kernel / 2}},
              {input});
    return graph.add(name + "." + module + "_activation", ReluLayer{});
  };
  const LayerIndex squeeze = add_convolution("squeeze", graph.output(), squeezed, 1);
  const LayerIndex expand1 = add_convolution("expand1x1", squeeze, expanded, 1);
  const LayerIndex expand3 = add_convolution("expand3x3", squeeze, expanded, 3);
  graph.add(name, ConcatLayer{}, {expand1, expand3});
}

}  // namespace

Graph make_squeezenet(const std::string& name, const ModelOptions& options) {
  const bool first_version = name == "squeezenet1_0";
  Graph graph(name, {1, 3, options.rows, options.columns});
  int module = 0;
  const auto next_name = [&] { return "features." + std::to_string(module++); };
  const auto add_pool = [&] {
    graph.add(next_name(), MaxPool2dLayer{.kernel = {3, 3}, .stride = {2, 2}, .ceil_mode = true});
  };
  const auto add_fires = [&](std::initializer_list<int> sizes) {  // squeezed; expanded to four times as many
    for (const int squeezed : sizes) add_fire(graph, next_name(), squeezed, 4 * squeezed);
  };

  const std::int64_t kernel = first_version ? 7 : 3;
  graph.add(
      next_name(),
      Conv2dLayer{.out_channels = first_version ? 96 : 64, .kernel = {kernel, kernel}, .stride = {2, 2}});
  graph.add(next_name(), ReluLayer{});
  add_pool();
  if (first_version) {
    add_fires({16, 16, 32});
    add_pool();
    add_fires({32, 48, 48, 64});
    add_pool();
    add_fires({64});
  } else {
    add_fires({16, 16});
    add_pool();
    add_fires({32, 32});
    add_pool();
    add_fires({48, 48, 64, 64});
  }
  if (options.features_only) return graph;

  graph.add("classifier.0", DropoutLayer{});
  graph.add("classifier.1", Conv2dLayer{.out_channels = options.classes});
  graph.add("classifier.2", ReluLayer{});
  graph.add("classifier.3", AdaptiveAveragePool2dLayer{.output = {1, 1}});
  graph.add("flatten", FlattenLayer{});
  return graph;
}

}  // namespace edge
