#include "engine/dirty_shares.h"

#include <algorithm>
#include <utility>

#include "engine/changed_positions.h"
#include "engine/layer_reaches.h"

namespace edge {
namespace {

using kernels::AxisReach;
using kernels::DirtyMap;

bool is_identity(const AxisReach& axis) {
  if (axis.in() != axis.out()) return false;
  for (std::int64_t i = 0; i < axis.out(); ++i) {
    if (axis.window(i).begin != i || axis.window(i).end != i + 1) return false;
  }
  return true;
}

}  // namespace

DirtyShares::DirtyShares(const Graph& graph) {
  for (LayerIndex index = 0; index < graph.size(); ++index) {
    const Layer& layer = graph.layer(index);
    Facts facts;
    facts.map = static_cast<std::size_t>(index);
    if (is_feature_map(layer.output_shape)) {
      facts.rows = layer.output_shape[2];
      facts.columns = layer.output_shape[3];
    }
    std::vector<std::optional<Reach>> reaches = layer_reaches(graph, layer);
    for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
      facts.inputs.push_back(
          {.map = facts_[static_cast<std::size_t>(layer.inputs[k])].map, .reach = std::move(reaches[k])});
    }
    const bool same = !facts.inputs.empty() &&
                      std::all_of(facts.inputs.begin(), facts.inputs.end(), [&](const Input& input) {
                        return input.map == facts.inputs.front().map && input.reach &&
                               is_identity(input.reach->rows) && is_identity(input.reach->columns);
                      });
    if (same) facts.map = facts.inputs.front().map;
    facts_.push_back(std::move(facts));
  }
}

std::vector<double> DirtyShares::of(const DirtyMap& frame) const {
  std::vector<DirtyMap> maps(facts_.size());
  std::vector<double> shares(facts_.size());
  for (std::size_t layer = 0; layer < facts_.size(); ++layer) {
    const Facts& facts = facts_[layer];
    if (facts.map != layer) {
      shares[layer] = shares[facts.map];
      continue;
    }
    if (facts.inputs.empty()) {  // the frame; constants never change
      if (layer == 0) maps[0] = frame;
      shares[layer] = layer == 0 ? frame.share() : 0;
      continue;
    }
    DirtyMap map(facts.rows, facts.columns);
    for (const Input& input : facts.inputs) {
      if (shares[input.map] == 0) continue;
      map |= spread(maps[input.map], input.reach, facts.rows, facts.columns);
    }
    shares[layer] = map.share();
    maps[layer] = std::move(map);
  }
  return shares;
}

}  // namespace edge
