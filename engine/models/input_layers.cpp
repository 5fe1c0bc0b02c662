#include "engine/models/input_layers.h"

#include <cstddef>
#include <utility>

namespace edge {

ChannelScaleLayer channel_normalization(const std::array<double, 3>& mean,
                                        const std::array<double, 3>& deviation) {
  ChannelScaleLayer layer;
  for (std::size_t channel = 0; channel < mean.size(); ++channel) {
    layer.scale.push_back(static_cast<float>(1 / deviation[channel]));
    layer.shift.push_back(static_cast<float>(-mean[channel] / deviation[channel]));
  }
  return layer;
}

ChannelScaleLayer imagenet_transform_input() {
  ChannelScaleLayer layer;
  for (std::size_t channel = 0; channel < imagenet_mean.size(); ++channel) {
    layer.scale.push_back(static_cast<float>(imagenet_deviation[channel] / 0.5));
    layer.shift.push_back(static_cast<float>((imagenet_mean[channel] - 0.5) / 0.5));
  }
  return layer;
}

Graph with_layer_behind_input(const Graph& graph, const std::string& name, const ChannelScaleLayer& layer) {
  Graph result(graph.name(), graph.layer(0).output_shape);
  result.add(name, layer);
  for (LayerIndex index = 1; index < graph.size(); ++index) {
    Layer moved = graph.layer(index);
    for (LayerIndex& input : moved.inputs) ++input;
    result.add(std::move(moved));
  }
  std::vector<LayerIndex> outputs = graph.outputs();
  for (LayerIndex& output : outputs) ++output;
  result.set_outputs(std::move(outputs));
  return result;
}

}  // namespace edge
