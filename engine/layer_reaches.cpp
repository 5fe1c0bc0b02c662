#include "engine/layer_reaches.h"

#include <algorithm>

#include "engine/changed_positions.h"
#include "engine/operations.h"

namespace edge {

std::vector<std::optional<Reach>> layer_reaches(const Graph& graph, const Layer& layer) {
  std::vector<std::optional<Reach>> reaches(layer.inputs.size());
  std::vector<Shape> shapes;
  for (const LayerIndex input : layer.inputs) shapes.push_back(graph.layer(input).output_shape);
  const bool all_maps =
      is_feature_map(layer.output_shape) && std::all_of(shapes.begin(), shapes.end(), is_feature_map);
  const auto reach = layer.operation.type().reach;
  if (!all_maps || reach == nullptr) return reaches;
  for (std::size_t k = 0; k < reaches.size(); ++k) reaches[k] = reach(layer.operation, shapes, k);
  return reaches;
}

kernels::DirtyMap spread(const kernels::DirtyMap& from, const std::optional<Reach>& reach, std::int64_t rows,
                         std::int64_t columns) {
  kernels::DirtyMap result(rows, columns);
  if (!from.any()) return result;
  if (reach && reach->rows.in() == from.rows() && reach->columns.in() == from.columns()) {
    return from.spread(reach->rows, reach->columns);
  }
  result.mark_all();
  return result;
}

}  // namespace edge
