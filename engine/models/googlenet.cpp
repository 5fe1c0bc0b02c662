// GoogLeNet as torchvision defines it (Szegedy et al. 2014, "Going Deeper with Convolutions", with batch
// norm, and 3x3 convolutions where the paper has 5x5). Without its auxiliary classifiers, which only training
// uses.
#include "engine/models/families.h"
#include "engine/models/input_layers.h"

namespace edge {
namespace {

/// torchvision's BasicConv2d: `name`.conv, `name`.bn and a ReLU, which is the output of module `name`.
LayerIndex add_convolution(Graph& graph, const std::string& name, LayerIndex input, std::int64_t channels,
                           std::int64_t kernel, std::int64_t stride = 1) {
  graph.add(name + ".conv",
            Conv2dLayer{.out_channels = channels,
                        .kernel = {kernel, kernel},
                        .stride = {stride, stride},
                        .padding = {kernel / 2, kernel / 2},
                        .bias = false},
            {input});
  graph.add(name + ".bn", BatchNorm2dLayer{.epsilon = 1e-3});
  return graph.add(name, ReluLayer{});
}

struct Inception {
  const char* name;
  int branch1, reduced2, branch2, reduced3, branch3, branch4;  ///< output channels
};

void add_inception(Graph& graph, const Inception& module) {
  const LayerIndex input = graph.output();
  const std::string name = module.name;
  const LayerIndex branch1 = add_convolution(graph, name + ".branch1", input, module.branch1, 1);
  add_convolution(graph, name + ".branch2.0", input, module.reduced2, 1);
  const LayerIndex branch2 = add_convolution(graph, name + ".branch2.1", graph.output(), module.branch2, 3);
  add_convolution(graph, name + ".branch3.0", input, module.reduced3, 1);
  const LayerIndex branch3 = add_convolution(graph, name + ".branch3.1", graph.output(), module.branch3, 3);
  graph.add(name + ".branch4.0",
            MaxPool2dLayer{.kernel = {3, 3}, .stride = {1, 1}, .padding = {1, 1}, .ceil_mode = true},
            {input});
  const LayerIndex branch4 = add_convolution(graph, name + ".branch4.1", graph.output(), module.branch4, 1);
  graph.add(name, ConcatLayer{}, {branch1, branch2, branch3, branch4});
}

}  // namespace

Graph make_googlenet(const std::string& name, const ModelOptions& options) {
  Graph graph(name, {1, 3, options.rows, options.columns});
  const auto add_pool = [&](const char* pool, std::int64_t kernel) {
    graph.add(pool, MaxPool2dLayer{.kernel = {kernel, kernel}, .stride = {2, 2}, .ceil_mode = true});
  };
  if (options.transform_input) graph.add("transform_input", imagenet_transform_input());
  add_convolution(graph, "conv1", graph.output(), 64, 7, 2);
  add_pool("maxpool1", 3);
  add_convolution(graph, "conv2", graph.output(), 64, 1);
  add_convolution(graph, "conv3", graph.output(), 192, 3);
  add_pool("maxpool2", 3);
  add_inception(graph, {"inception3a", 64, 96, 128, 16, 32, 32});
  add_inception(graph, {"inception3b", 128, 128, 192, 32, 96, 64});
  add_pool("maxpool3", 3);
  add_inception(graph, {"inception4a", 192, 96, 208, 16, 48, 64});
  add_inception(graph, {"inception4b", 160, 112, 224, 24, 64, 64});
  add_inception(graph, {"inception4c", 128, 128, 256, 24, 64, 64});
  add_inception(graph, {"inception4d", 112, 144, 288, 32, 64, 64});
  add_inception(graph, {"inception4e", 256, 160, 320, 32, 128, 128});
  add_pool("maxpool4", 2);
  add_inception(graph, {"inception5a", 256, 160, 320, 32, 128, 128});
  add_inception(graph, {"inception5b", 384, 192, 384, 48, 128, 128});
  graph.add("avgpool", AdaptiveAveragePool2dLayer{.output = {1, 1}});
  if (options.features_only) return graph;

  graph.add("flatten", FlattenLayer{});
  graph.add("dropout", DropoutLayer{});
  graph.add("fc", LinearLayer{.out_features = options.classes});
  return graph;
}

}  // namespace edge
