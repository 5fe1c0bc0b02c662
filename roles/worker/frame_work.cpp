#include "roles/worker/frame_work.h"

#include <algorithm>
#include <vector>

#include "roles/classify.h"

namespace edge {

net::ArrayMap run_layers(Executor& executor, const Graph& graph, const net::ArrayMap& arrays,
                         LayerIndex first, LayerIndex last) {
  std::vector<LayerIndex> layers;
  std::vector<LayerIndex> wanted;
  TensorMap given;
  net::ArrayMap outputs;
  for (LayerIndex layer = first; layer < last; ++layer) layers.push_back(layer);
  for (const LayerIndex layer : graph.boundary(last)) {
    if (layer >= first) {
      wanted.push_back(layer);
    } else {
      outputs[layer] = arrays.at(layer);
    }
  }
  if (layers.empty()) return outputs;
  for (const auto& [layer, elements] : arrays) {
    const std::vector<LayerIndex>& consumers = graph.consumers(layer);
    const bool needed =
        std::any_of(consumers.begin(), consumers.end(), [&](LayerIndex c) { return c < last; });
    if (needed) given[layer] = as_floats(elements);
  }
  outputs.merge(executor.run(layers, given, wanted));
  return outputs;
}

chain::Result make_result(std::uint64_t frame, const chain::FrameHeader& header,
                          const std::vector<Array>& outputs, const detection::Decoders& decoders) {
  chain::Result result{.frame = frame, .run = header.run, .checksum = checksum(outputs)};
  if (outputs.size() == 1) result.top_k = top_classes(outputs.front(), header.options.top_k);
  if (const auto& wanted = header.options.objects) {
    result.has_objects = true;
    result.objects =
        detection::find_objects(*decoders.find(wanted->decoder), outputs, wanted->wanted, wanted->placement);
  }
  return result;
}

}  // namespace edge
