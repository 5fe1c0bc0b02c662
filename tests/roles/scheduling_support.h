// Costs for the tests of schedulers: recorded and random ones, and all plans that there are.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "roles/scheduling/costs.h"
#include "roles/scheduling/plan.h"

namespace edge::scheduling {

using Random = std::mt19937;

inline double uniform(Random& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random() - Random::min()) / (Random::max() - Random::min());
}

/// A case of data/scheduling.json.
inline Costs recorded_costs(const nlohmann::json& entry) {
  Costs costs;
  costs.layer_cost = entry.at("layer_cost").get<std::vector<double>>();
  costs.capacity = entry.at("capacity").get<std::vector<double>>();
  costs.bandwidth = entry.at("bandwidth").get<std::vector<double>>();
  costs.raw_bytes = entry.at("raw_bytes").get<std::vector<std::vector<double>>>();
  costs.delta_bytes = entry.at("diff_bytes").get<std::vector<std::vector<double>>>();
  costs.cached = entry.at("cached").get<std::vector<std::vector<LayerIndex>>>();
  costs.stage_ready = entry.at("stage_ready").get<std::vector<double>>();
  costs.later_frames = LaterFrames::whole;
  return costs;
}

struct Size {
  std::size_t workers, layers, frames;
};

/// Compute and transfer times of the same order; a fifth of the layers is free, as ReLUs nearly are. Each
/// worker has one random cut cached. With `branches` layers read more than the one before.
inline Costs random_costs(Random& random, const Size& size, bool branches) {
  Costs costs;
  costs.layer_cost = {0.0};
  std::vector<std::vector<LayerIndex>> inputs(1);
  for (std::size_t layer = 1; layer < size.layers; ++layer) {
    costs.layer_cost.push_back(random() % 5 == 0 ? 0 : uniform(random, 0.001, 0.1));
    inputs.push_back({static_cast<LayerIndex>(layer - 1)});
    if (branches && random() % 3 == 0) inputs.back().push_back(static_cast<LayerIndex>(random() % layer));
  }
  if (branches) costs.boundary = boundaries_of(inputs);
  for (std::size_t frame = 0; frame < size.frames; ++frame) {
    costs.raw_bytes.emplace_back();
    costs.delta_bytes.emplace_back();
    for (std::size_t layer = 0; layer < size.layers; ++layer) {
      costs.raw_bytes.back().push_back(frame > 0 ? costs.raw_bytes.front()[layer]
                                                 : uniform(random, 1e4, 1e6));
      costs.delta_bytes.back().push_back(costs.raw_bytes.front()[layer] * uniform(random, 0, 1));
    }
  }
  for (std::size_t worker = 0; worker < size.workers; ++worker) {
    costs.capacity.push_back(uniform(random, 0.3, 3));
    costs.bandwidth.push_back(uniform(random, 1e6, 2e7));
    const auto cut = static_cast<LayerIndex>(1 + random() % (size.layers - 1));
    costs.cached.push_back(boundary_of(costs, worker == 0 ? 1 : cut));
  }
  const bool busy = random() % 2 == 0;
  for (std::size_t stage = 0; stage < 2 * size.workers; ++stage) {
    costs.stage_ready.push_back(busy ? uniform(random, 0, 0.3) : 0);
  }
  costs.later_frames = random() % 2 == 0 ? LaterFrames::whole : LaterFrames::delta;
  return costs;
}

inline void for_all_plans(int workers, LayerIndex layers, const std::function<void(const Plan&)>& visit) {
  Plan plan;
  plan.ends.assign(static_cast<std::size_t>(workers), 1);
  plan.ends.back() = layers;
  const auto choose = [&](const auto& self, int worker) -> void {
    if (worker == workers - 1) {
      visit(plan);
      return;
    }
    for (LayerIndex end = plan.begin(worker); end <= layers; ++end) {
      plan.ends[static_cast<std::size_t>(worker)] = end;
      self(self, worker + 1);
    }
  };
  choose(choose, 0);
}

}  // namespace edge::scheduling
