// What there is to know about a network without running it.
#include "roles/inspect/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace edge::inspect {
namespace {

bool is_trained(ParameterKind kind) {
  return kind != ParameterKind::running_mean && kind != ParameterKind::running_variance;
}

Amount& operator+=(Amount& sum, const Amount& amount) {
  sum.parameters += amount.parameters;
  sum.macs += amount.macs;
  sum.seconds += amount.seconds;
  return sum;
}

Amount amount_of(const Layer& layer) {
  Amount amount{.macs = layer.macs};
  for (const ParameterSpec& parameter : layer.parameters) {
    if (is_trained(parameter.kind)) amount.parameters += parameter.shape.elements();
  }
  return amount;
}

std::int64_t float_bytes(const Graph& graph, LayerIndex layer) {
  return static_cast<std::int64_t>(graph.output_bytes(layer));
}

std::int64_t peak_live_bytes(const Graph& graph) {
  std::int64_t peak = 0;
  for (LayerIndex layer = 1; layer < graph.size(); ++layer) {
    std::int64_t live = float_bytes(graph, layer);
    for (const LayerIndex tensor : graph.boundary(layer)) live += float_bytes(graph, tensor);
    peak = std::max(peak, live);
  }
  return peak;
}

}  // namespace

Inspection inspect_network(Graph graph, bool features_only, std::optional<ShownPlan> plan,
                           std::optional<Measurement> measured) {
  const Shape& input = graph.layer(0).output_shape;
  Inspection inspection{
      .title = fmt::format("{}{}, {}x{}", graph.name(), features_only ? " features" : "", input[2], input[3]),
      .features_only = features_only,
      .graph = std::move(graph),
      .amounts = {},
      .cuts = {},
      .total = {},
      .plan = std::move(plan),
      .measured = std::move(measured)};
  const Graph& network = inspection.graph;
  for (LayerIndex layer = 0; layer < network.size(); ++layer) {
    Amount amount = amount_of(network.layer(layer));
    if (inspection.measured) amount.seconds = inspection.measured->layers[static_cast<std::size_t>(layer)];
    inspection.amounts.push_back(amount);
    inspection.total += amount;
    Cut cut{.tensors = network.boundary(layer + 1)};
    for (const LayerIndex tensor : cut.tensors) cut.bytes += link_bytes(network, tensor);
    inspection.cuts.push_back(std::move(cut));
    if (layer > 0 && (inspection.largest_output == 0 ||
                      network.output_bytes(layer) > network.output_bytes(inspection.largest_output))) {
      inspection.largest_output = layer;
    }
  }
  inspection.peak_live_bytes = peak_live_bytes(network);
  return inspection;
}

std::int64_t link_bytes(const Graph& graph, LayerIndex layer) {
  return layer == 0 ? graph.layer(0).output_shape.elements() : float_bytes(graph, layer);
}

std::vector<Part> parts_of(const Inspection& inspection) {
  std::vector<Part> parts;
  if (!inspection.plan) return parts;
  for (const scheduling::LayerRange& range : ranges_of(inspection.plan->plan)) {
    Part part{.worker = static_cast<int>(parts.size()), .layers = range, .amount = {}};
    if (range) {
      for (int layer = range->first; layer <= range->second; ++layer)
        part.amount += inspection.amounts[static_cast<std::size_t>(layer)];
    }
    parts.push_back(part);
  }
  return parts;
}

std::vector<int> workers_of_layers(const Inspection& inspection) {
  std::vector<int> workers;
  if (!inspection.plan) return workers;
  workers.push_back(-1);
  const scheduling::Plan& plan = inspection.plan->plan;
  for (int worker = 0; worker < plan.workers(); ++worker)
    workers.resize(static_cast<std::size_t>(plan.end(worker)), worker);
  return workers;
}

std::vector<LayerIndex> cheapest_cuts(const Inspection& inspection, std::size_t count) {
  std::vector<LayerIndex> layers;
  for (LayerIndex layer = 1; layer + 1 < inspection.graph.size(); ++layer) {
    const auto at = static_cast<std::size_t>(layer);
    const bool as_before = layer > 1 && inspection.cuts[at].bytes == inspection.cuts[at - 1].bytes;
    if (!as_before) layers.push_back(layer);
  }
  std::stable_sort(layers.begin(), layers.end(), [&](LayerIndex a, LayerIndex b) {
    return inspection.cuts[static_cast<std::size_t>(a)].bytes <
           inspection.cuts[static_cast<std::size_t>(b)].bytes;
  });
  layers.resize(std::min(layers.size(), count));
  return layers;
}

double share_of_macs(const Inspection& inspection, LayerIndex last) {
  std::int64_t sum = 0;
  for (LayerIndex layer = 0; layer <= last; ++layer)
    sum += inspection.amounts[static_cast<std::size_t>(layer)].macs;
  return inspection.total.macs > 0 ? static_cast<double>(sum) / static_cast<double>(inspection.total.macs)
                                   : 0;
}

}  // namespace edge::inspect
