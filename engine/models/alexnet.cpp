// AlexNet as torchvision defines it (Krizhevsky 2014, "One weird trick", without its local response
// normalisation).
#include "engine/models/families.h"

namespace edge {

Graph make_alexnet(const std::string& name, const ModelOptions& options) {
  Graph graph(name, {1, 3, options.rows, options.columns});
  int module = 0;
  const auto add_feature = [&](const Operation& operation) {
    graph.add("features." + std::to_string(module++), operation);
  };
  const MaxPool2dLayer pool{.kernel = {3, 3}, .stride = {2, 2}};

  add_feature(Conv2dLayer{.out_channels = 64, .kernel = {11, 11}, .stride = {4, 4}, .padding = {2, 2}});
  add_feature(ReluLayer{});
  add_feature(pool);
  add_feature(Conv2dLayer{.out_channels = 192, .kernel = {5, 5}, .padding = {2, 2}});
  add_feature(ReluLayer{});
  add_feature(pool);
  for (const int channels : {384, 256, 256}) {
    add_feature(Conv2dLayer{.out_channels = channels, .kernel = {3, 3}, .padding = {1, 1}});
    add_feature(ReluLayer{});
  }
  add_feature(pool);
  if (options.features_only) return graph;

  graph.add("avgpool", AdaptiveAveragePool2dLayer{.output = {6, 6}});
  graph.add("flatten", FlattenLayer{});
  graph.add("classifier.0", DropoutLayer{});
  graph.add("classifier.1", LinearLayer{.out_features = 4096});
  graph.add("classifier.2", ReluLayer{});
  graph.add("classifier.3", DropoutLayer{});
  graph.add("classifier.4", LinearLayer{.out_features = 4096});
  graph.add("classifier.5", ReluLayer{});
  graph.add("classifier.6", LinearLayer{.out_features = options.classes});
  return graph;
}

}  // namespace edge
