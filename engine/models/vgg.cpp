// VGG as torchvision defines it (Simonyan and Zisserman 2014, vgg_configurations A, B, D, E), with batch norm
// or without.
#include <array>
#include <cassert>
#include <map>

#include "engine/models/families.h"

namespace edge {
namespace {

/// Convolutions of 64, 128, 256, 512 and 512 channels in front of each pooling.
const std::map<std::string, std::array<int, 5>>& vgg_configurations() {
  static const std::map<std::string, std::array<int, 5>> table{{"vgg11", {1, 1, 2, 2, 2}},
                                                               {"vgg13", {2, 2, 2, 2, 2}},
                                                               {"vgg16", {2, 2, 3, 3, 3}},
                                                               {"vgg19", {2, 2, 4, 4, 4}}};
  return table;
}

}  // namespace

Graph make_vgg(const std::string& name, const ModelOptions& options) {
  constexpr std::array<int, 5> block_channels{64, 128, 256, 512, 512};
  const bool with_norm = name.ends_with("_bn");
  const std::string configuration = with_norm ? name.substr(0, name.size() - 3) : name;
  assert(vgg_configurations().count(configuration) == 1);
  const std::array<int, 5>& convolutions = vgg_configurations().at(configuration);

  Graph graph(name, {1, 3, options.rows, options.columns});
  int module = 0;
  const auto add_feature = [&](const Operation& operation) {
    graph.add("features." + std::to_string(module++), operation);
  };
  for (std::size_t block = 0; block < block_channels.size(); ++block) {
    for (int i = 0; i < convolutions[block]; ++i) {
      add_feature(Conv2dLayer{.out_channels = block_channels[block], .kernel = {3, 3}, .padding = {1, 1}});
      if (with_norm) add_feature(BatchNorm2dLayer{});
      add_feature(ReluLayer{});
    }
    add_feature(MaxPool2dLayer{.kernel = {2, 2}, .stride = {2, 2}});
  }
  if (options.features_only) return graph;

  graph.add("avgpool", AdaptiveAveragePool2dLayer{.output = {7, 7}});
  graph.add("flatten", FlattenLayer{});
  graph.add("classifier.0", LinearLayer{.out_features = 4096});
  graph.add("classifier.1", ReluLayer{});
  graph.add("classifier.2", DropoutLayer{});
  graph.add("classifier.3", LinearLayer{.out_features = 4096});
  graph.add("classifier.4", ReluLayer{});
  graph.add("classifier.5", DropoutLayer{});
  graph.add("classifier.6", LinearLayer{.out_features = options.classes});
  return graph;
}

}  // namespace edge
