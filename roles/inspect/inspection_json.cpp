// A network as JSON.
#include "roles/inspect/inspection_json.h"

#include <cmath>
#include <string>
#include <vector>

#include "roles/report/json_values.h"

namespace edge::inspect {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t cheapest_listed = 5;

/// Of a share that somebody wrote with a few digits.
double rounded(float share) {
  return std::round(static_cast<double>(share) * 1e4) / 1e4;
}

Json cut_json(const Graph& graph, const Cut& cut) {
  Json tensors = Json::array();
  for (const LayerIndex tensor : cut.tensors) {
    tensors.push_back(
        {{"layer", tensor}, {"name", graph.layer(tensor).name}, {"bytes", link_bytes(graph, tensor)}});
  }
  return {{"bytes", cut.bytes}, {"tensors", std::move(tensors)}};
}

Json layer_json(const Inspection& inspection, LayerIndex index) {
  const Layer& layer = inspection.graph.layer(index);
  const Amount& amount = inspection.amounts[static_cast<std::size_t>(index)];
  Json json{{"layer", index},
            {"name", layer.name},
            {"operation", operation_name(layer.operation)},
            {"summary", operation_text(layer.operation)},
            {"inputs", layer.inputs},
            {"shape", shape_json(layer.output_shape)},
            {"parameters", amount.parameters},
            {"macs", amount.macs},
            {"output_bytes", inspection.graph.output_bytes(index)}};
  if (inspection.measured) json["ms"] = milliseconds_rounded(1e3 * amount.seconds);
  json["cut_behind"] = cut_json(inspection.graph, inspection.cuts[static_cast<std::size_t>(index)]);
  return json;
}

Json part_json(const Inspection& inspection, const Part& part) {
  Json json{{"worker", part.worker}, {"layers", Json::array()}};
  if (!part.layers) return json;
  json["layers"] = {part.layers->first, part.layers->second};
  json["parameters"] = part.amount.parameters;
  json["macs"] = part.amount.macs;
  if (inspection.measured) json["ms"] = milliseconds_rounded(1e3 * part.amount.seconds);
  json["gets_bytes"] = inspection.cuts[static_cast<std::size_t>(part.layers->first - 1)].bytes;
  return json;
}

Json totals_json(const Inspection& inspection) {
  const Graph& graph = inspection.graph;
  Json json{{"layers", graph.size() - 1},
            {"parameters", inspection.total.parameters},
            {"parameter_bytes", inspection.total.parameters * 4},
            {"macs", inspection.total.macs},
            {"largest_output",
             {{"layer", inspection.largest_output},
              {"name", graph.layer(inspection.largest_output).name},
              {"bytes", graph.output_bytes(inspection.largest_output)}}},
            {"peak_live_bytes", inspection.peak_live_bytes}};
  if (inspection.measured) json["ms"] = milliseconds_rounded(1e3 * inspection.total.seconds);
  return json;
}

}  // namespace

nlohmann::ordered_json inspection_json(const Inspection& inspection) {
  const Graph& graph = inspection.graph;
  const Shape& input = graph.layer(0).output_shape;
  Json json{{"model", graph.name()},
            {"size", {input[2], input[3]}},
            {"pictures", inspection.pixels},
            {"features_only", inspection.features_only},
            {"totals", totals_json(inspection)},
            {"cheapest_cuts", Json::array()}};
  if (const auto& objects = inspection.objects) {
    json["objects"] = {{"decoder", objects->decoder},
                       {"classes", objects->classes},
                       {"names", objects->names},
                       {"threshold", rounded(objects->threshold)},
                       {"nms", rounded(objects->nms)}};
  }
  for (const LayerIndex layer : cheapest_cuts(inspection, cheapest_listed)) {
    json["cheapest_cuts"].push_back(
        {{"behind", layer}, {"bytes", inspection.cuts[static_cast<std::size_t>(layer)].bytes}});
  }
  if (inspection.plan) {
    Json parts = Json::array();
    for (const Part& part : parts_of(inspection)) parts.push_back(part_json(inspection, part));
    json["plan"] = {{"source", inspection.plan->source}, {"parts", std::move(parts)}};
  }
  if (const auto& measured = inspection.measured) {
    json["measured"] = {{"cpu", measured->cpu},
                        {"isa", measured->isa},
                        {"threads", measured->threads},
                        {"whole_ms", milliseconds_rounded(1e3 * measured->whole_s)},
                        {"arena_bytes", measured->arena_bytes},
                        {"text", measurement_text(*measured)}};
  }
  Json layers = Json::array();
  for (LayerIndex index = 0; index < graph.size(); ++index) layers.push_back(layer_json(inspection, index));
  json["layers"] = std::move(layers);
  return json;
}

}  // namespace edge::inspect
