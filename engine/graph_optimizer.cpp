#include "engine/graph_optimizer.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace edge {
namespace {

bool is_output(const Graph& graph, LayerIndex index) {
  const std::vector<LayerIndex> outputs = graph.outputs();
  return std::find(outputs.begin(), outputs.end(), index) != outputs.end();
}

/// Whether layer `index` is a convolution that ends in a batch norm.
bool folds(const Graph& graph, LayerIndex index) {
  const std::vector<LayerIndex>& consumers = graph.consumers(index);
  const auto* conv = graph.layer(index).operation.as<Conv2dLayer>();
  return conv != nullptr && !conv->norm && consumers.size() == 1 && !is_output(graph, index) &&
         graph.layer(consumers.front()).operation.is<BatchNorm2dLayer>();
}

/// `norm` and the convolution in front of it as one.
Layer folded(const Layer& convolution, const Layer& norm) {
  Layer layer = convolution;
  layer.name = norm.name;
  auto settings = convolution.operation.get<Conv2dLayer>();
  settings.norm = norm.operation.get<BatchNorm2dLayer>();
  layer.operation = settings;
  layer.parameters.insert(layer.parameters.end(), norm.parameters.begin(), norm.parameters.end());
  return layer;
}

}  // namespace

Graph fold_batch_norms(const Graph& graph) {
  Graph result(graph.name(), graph.layer(0).output_shape);
  std::vector<LayerIndex> moved_to{
      0};  // by the index in `graph`; of folded convolutions: the last layer before
  for (LayerIndex index = 1; index < graph.size(); ++index) {
    if (folds(graph, index)) {
      moved_to.push_back(result.output());
      continue;
    }
    Layer layer = graph.layer(index);
    if (layer.operation.is<BatchNorm2dLayer>() && folds(graph, layer.inputs[0])) {
      layer = folded(graph.layer(layer.inputs[0]), layer);
    }
    for (LayerIndex& input : layer.inputs) input = moved_to[static_cast<std::size_t>(input)];
    moved_to.push_back(result.add(std::move(layer)));
  }
  if (graph.outputs() != std::vector<LayerIndex>{graph.size() - 1}) {
    std::vector<LayerIndex> outputs;
    for (const LayerIndex output : graph.outputs())
      outputs.push_back(moved_to[static_cast<std::size_t>(output)]);
    result.set_outputs(std::move(outputs));
  }
  return result;
}

}  // namespace edge
