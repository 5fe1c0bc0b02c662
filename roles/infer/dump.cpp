#include "roles/infer/dump.h"

#include "engine/npy.h"
#include "engine/output_file.h"
#include "roles/infer/tensor_files.h"

namespace edge::infer {

void dump_layers(Executor& executor, const Graph& graph, const LayerRange& range, const TensorMap& given,
                 const std::string& directory) {
  make_output_directory(directory);
  for (const auto& [layer, tensor] : given) save_npy(file_of(graph, layer, directory), tensor);
  TensorMap live = given;
  for (LayerIndex layer = range.first; layer <= range.second; ++layer) {
    live.merge(executor.run({layer}, live, {layer}));
    save_npy(file_of(graph, layer, directory), live.at(layer));
    std::erase_if(live, [&](const auto& entry) {
      const std::vector<LayerIndex>& consumers = graph.consumers(entry.first);
      return consumers.empty() || consumers.back() <= layer;
    });
  }
}

}  // namespace edge::infer
