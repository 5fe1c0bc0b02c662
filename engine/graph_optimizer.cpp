#include "engine/graph_optimizer.h"

#include <utility>
#include <variant>
#include <vector>

namespace edge {
namespace {

/// Whether layer `index` is a convolution that ends in a batch norm.
bool folds(const Graph& graph, LayerIndex index) {
  const std::vector<LayerIndex>& consumers = graph.consumers(index);
  const auto* conv = std::get_if<Conv2dLayer>(&graph.layer(index).operation);
  return conv != nullptr && !conv->norm && consumers.size() == 1 &&
         std::holds_alternative<BatchNorm2dLayer>(graph.layer(consumers.front()).operation);
}

/// `norm` and the convolution in front of it as one.
Layer folded(const Layer& convolution, const Layer& norm) {
  Layer layer = convolution;
  layer.name = norm.name;
  std::get<Conv2dLayer>(layer.operation).norm = std::get<BatchNorm2dLayer>(norm.operation);
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
    if (std::holds_alternative<BatchNorm2dLayer>(layer.operation) && folds(graph, layer.inputs[0])) {
      layer = folded(graph.layer(layer.inputs[0]), layer);
    }
    for (LayerIndex& input : layer.inputs) input = moved_to[static_cast<std::size_t>(input)];
    moved_to.push_back(result.add(std::move(layer)));
  }
  return result;
}

}  // namespace edge
