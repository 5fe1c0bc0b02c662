// Costs as the JSON file that parse_costs() reads.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "roles/plan/costs_file.h"

namespace edge::plan {
namespace {

using OrderedCosts = nlohmann::ordered_json;

void add_parts(const scheduling::Costs& costs, OrderedCosts& json) {
  json["dirty_share"] = costs.dirty_share;
  for (const scheduling::PartCost& cost : costs.part_cost) {
    json["part_cost"].push_back({cost.fixed, cost.variable});
  }
  for (const auto& [first, end] : costs.kept) {
    OrderedCosts& range = json["kept"].emplace_back(OrderedCosts::array());
    if (first < end) range = {first, end - 1};
  }
}

}  // namespace

std::string costs_text(const scheduling::Costs& costs, const Graph& graph) {
  OrderedCosts inputs = OrderedCosts::array();
  for (LayerIndex layer = 0; layer < graph.size(); ++layer) inputs.push_back(graph.layer(layer).inputs);
  // The keys one per line, so that the file can be read and edited.
  OrderedCosts json{{"network", graph.name()},
                    {"layer_cost", costs.layer_cost},
                    {"capacity", costs.capacity},
                    {"worker_layer_cost", costs.worker_layer_cost},
                    {"bandwidth", costs.bandwidth},
                    {"raw_bytes", costs.raw_bytes},
                    {"delta_bytes", costs.delta_bytes},
                    {"cached", costs.cached},
                    {"stage_ready", std::vector<double>(2 * costs.capacity.size())},
                    {"inputs", inputs},
                    {"later_frames", "delta"},
                    {"return_s", costs.return_s}};
  if (!costs.coding_s.empty()) json["coding_s"] = costs.coding_s;
  for (const scheduling::LinkOffset& offset : costs.link_offset) {
    json["link_offset"].push_back({offset.seconds, offset.from_bytes, offset.until_bytes});
  }
  for (std::size_t worker = 0; worker < costs.known_ranges.size(); ++worker) {
    for (const scheduling::KnownRange& range : costs.known_ranges[worker]) {
      json["known_ranges"].push_back({worker, range.first, range.end - 1, range.factor, range.part_factor});
    }
  }
  for (const scheduling::TriedPlan& tried : costs.tried) {
    OrderedCosts& row = json["tried"].emplace_back(OrderedCosts::array({tried.factor}));
    for (const LayerIndex end : tried.plan.ends) row.push_back(end - 1);
  }
  if (!costs.dirty_share.empty()) add_parts(costs, json);
  std::string text;
  for (const auto& [key, value] : json.items()) {
    text += fmt::format("{}\n \"{}\": {}", text.empty() ? "{" : ",", key, value.dump());
  }
  return text + "\n}\n";
}

}  // namespace edge::plan
