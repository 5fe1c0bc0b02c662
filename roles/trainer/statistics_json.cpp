#include "roles/trainer/statistics_json.h"

#include <nlohmann/json.hpp>

namespace edge::trainer {

std::string statistics_json(const Graph& graph, const Statistics& statistics,
                            const std::vector<LayerJudgement>& judgement, double prediction_s) {
  nlohmann::json root = {{"transitions", statistics.transitions},
                         {"training", statistics.training},
                         {"prediction_s", prediction_s},
                         {"layers", nlohmann::json::array()}};
  for (LayerIndex index = 0; index < graph.size(); ++index) {
    const LayerStatistics& layer = statistics.layers[static_cast<std::size_t>(index)];
    std::vector<double> predicted;
    for (const Pair& pair : judgement[static_cast<std::size_t>(index)].rates)
      predicted.push_back(pair.predicted);
    root["layers"].push_back({{"name", graph.layer(index).name},
                              {"operation", operation_name(graph.layer(index).operation)},
                              {"inputs", graph.layer(index).inputs},
                              {"channels", layer.channels},
                              {"elements", layer.elements},
                              {"rates", layer.rates},
                              {"predicted", predicted}});
  }
  return root.dump();
}

}  // namespace edge::trainer
