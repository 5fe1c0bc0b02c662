// The detector that ships with the program: cars and people of drawn streets, trained by media/detector with
// this project's autograd. Its form is that of "Objects as Points" (Zhou et al. 2019) on one grid.
#include <array>

#include "engine/models/families.h"

namespace edge {
namespace {

struct StreetStage {
  std::int64_t channels, stride;
};
constexpr std::array<StreetStage, 8> street_stages = {
    {{16, 2}, {32, 2}, {64, 2}, {88, 2}, {88, 1}, {88, 1}, {88, 1}, {88, 1}}};

/// Heat maps of cars and of people (logits), dx, dy, log width, log height: in cells of 16x16 pixels.
constexpr std::int64_t outputs = 2 + 4;

}  // namespace

Graph make_street(const std::string& name, const ModelOptions& options) {
  Graph graph(name, {1, 3, options.rows, options.columns});
  int module = 0;
  const auto next_name = [&] { return "features." + std::to_string(module++); };
  for (const StreetStage& stage : street_stages) {
    graph.add(next_name(), Conv2dLayer{.out_channels = stage.channels,
                                       .kernel = {3, 3},
                                       .stride = {stage.stride, stage.stride},
                                       .padding = {1, 1},
                                       .bias = false});
    graph.add(next_name(), BatchNorm2dLayer{});
    graph.add(next_name(), ReluLayer{});
  }
  if (!options.features_only) graph.add("head.0", Conv2dLayer{.out_channels = outputs});
  return graph;
}

}  // namespace edge
