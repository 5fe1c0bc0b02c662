// What schedulers know: which tensors cross a cut, and which are held after a plan.
#include "roles/scheduling/costs.h"

#include <algorithm>
#include <cassert>

namespace edge::scheduling {

std::vector<LayerIndex> boundary_of(const Costs& costs, LayerIndex first) {
  assert(first >= 1 && first <= costs.layers());
  if (costs.boundary.empty()) return {first - 1};
  return costs.boundary[static_cast<std::size_t>(first)];
}

std::vector<std::vector<LayerIndex>> boundaries_of(const std::vector<std::vector<LayerIndex>>& inputs) {
  const std::size_t layers = inputs.size();
  std::vector<std::size_t> last_use(layers, layers);  // the output is needed behind the end
  for (std::size_t layer = 0; layer + 1 < layers; ++layer) last_use[layer] = layer;
  for (std::size_t layer = 1; layer < layers; ++layer) {
    for (const LayerIndex input : inputs[layer]) {
      assert(input >= 0 && static_cast<std::size_t>(input) < layer);
      std::size_t& use = last_use[static_cast<std::size_t>(input)];
      use = std::max(use, layer);
    }
  }
  std::vector<std::vector<LayerIndex>> boundaries(layers + 1);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    for (std::size_t first = layer + 1; first <= last_use[layer]; ++first) {
      boundaries[first].push_back(static_cast<LayerIndex>(layer));
    }
  }
  return boundaries;
}

std::vector<std::vector<LayerIndex>> cached_after(const Costs& costs, const Plan& plan) {
  std::vector<std::vector<LayerIndex>> cached = costs.cached;
  cached.resize(costs.capacity.size());
  for (int worker = 0; worker <= plan.last_active(); ++worker) {
    cached[static_cast<std::size_t>(worker)] = boundary_of(costs, plan.begin(worker));
  }
  return cached;
}

std::vector<std::pair<LayerIndex, LayerIndex>> kept_after(const Costs& costs, const Plan& plan) {
  std::vector<std::pair<LayerIndex, LayerIndex>> kept = costs.kept;
  kept.resize(costs.capacity.size());
  for (int worker = 0; worker <= plan.last_active(); ++worker) {
    if (plan.idle(worker)) continue;
    kept[static_cast<std::size_t>(worker)] = {plan.begin(worker), plan.end(worker)};
  }
  return kept;
}

}  // namespace edge::scheduling
