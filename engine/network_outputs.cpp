#include "engine/network_outputs.h"

namespace edge {

std::vector<Array> outputs_in_order(const Graph& graph, const TensorMap& arrays) {
  std::vector<Array> outputs;
  for (const LayerIndex layer : graph.outputs()) outputs.push_back(as_floats(arrays.at(layer)));
  return outputs;
}

}  // namespace edge
