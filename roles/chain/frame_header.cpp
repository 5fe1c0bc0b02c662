#include "roles/chain/frame_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "net/whole_number.h"

namespace edge::chain {
namespace {

using nlohmann::json;

void check_plan(const std::vector<LayerIndex>& ends, const Graph& graph, const Reader& reader) {
  if (ends.size() <= static_cast<std::size_t>(reader.worker) || ends.size() > most_workers) {
    throw net::ConnectionLost(
        fmt::format("a frame with a plan for {} workers at worker {}", ends.size(), reader.worker));
  }
  const bool covers =
      ends.front() >= 1 && std::is_sorted(ends.begin(), ends.end()) && ends.back() == graph.size();
  if (!covers) throw net::ConnectionLost("a frame whose plan does not fit the network");
}

void check_route(const std::vector<int>& route, const std::vector<LayerIndex>& ends, const Reader& reader) {
  const auto on_route = [&](int worker) { return std::binary_search(route.begin(), route.end(), worker); };
  const bool ascends = std::adjacent_find(route.begin(), route.end(), std::greater_equal<>()) == route.end();
  if (!ascends || !on_route(reader.worker) || route.front() < 0 ||
      static_cast<std::size_t>(route.back()) >= ends.size()) {
    throw net::ConnectionLost("a frame whose route does not lead here");
  }
  for (int worker = 0; static_cast<std::size_t>(worker) < ends.size(); ++worker) {
    const bool idle = first_layer(ends, worker) == ends[static_cast<std::size_t>(worker)];
    if (!idle && !on_route(worker)) {
      throw net::ConnectionLost("a frame with layers for a worker that it does not go to");
    }
  }
}

ValueFormat values_from(const std::string& name) {
  const std::optional<ValueFormat> format = value_format_of(name);
  if (!format) throw net::ConnectionLost("a frame with values of an unknown format");
  return *format;
}

}  // namespace

LayerIndex first_layer(const std::vector<LayerIndex>& ends, int worker) {
  return worker == 0 ? 1 : ends[static_cast<std::size_t>(worker) - 1];
}

std::vector<net::ArraySpec> arrays_of_cut(const Graph& graph, LayerIndex first) {
  std::vector<net::ArraySpec> arrays;
  for (const LayerIndex layer : graph.boundary(first)) {
    arrays.push_back(
        {.number = layer, .type = graph.output_type(layer), .shape = graph.layer(layer).output_shape});
  }
  return arrays;
}

std::size_t max_frame_payload(const Graph& graph) {
  std::size_t largest = 0;
  for (LayerIndex first = 1; first < graph.size(); ++first) {
    largest = std::max(largest, net::max_frame_payload(arrays_of_cut(graph, first)));
  }
  return largest;
}

std::vector<std::byte> pack(const FrameHeader& header, const std::vector<LayerIndex>& layers) {
  return net::to_cbor({{"run", to_json(header.run)},
                       {"plan", header.ends},
                       {"route", header.route},
                       {"layers", layers},
                       {"delta", header.options.coding.delta},
                       {"compress", header.options.coding.compress},
                       {"values", value_format_name(header.options.coding.values)},
                       {"full_result", header.options.full_result},
                       {"top_k", header.options.top_k},
                       {"objects", to_json(header.options.objects)},
                       {"stages", to_json(header.stages)}});
}

FrameHeader parse_frame_header(std::span<const std::byte> bytes, const Graph& graph, const Reader& reader) {
  try {
    const json value = net::from_cbor(bytes);
    FrameHeader header{.run = run_id_from(value.at("run")),
                       .ends = net::whole_numbers<LayerIndex>(value.at("plan")),
                       .route = net::whole_numbers<int>(value.at("route")),
                       .options = {.coding = {.delta = value.at("delta").get<bool>(),
                                              .compress = value.at("compress").get<bool>(),
                                              .values = values_from(value.at("values").get<std::string>())},
                                   .full_result = value.at("full_result").get<bool>(),
                                   .top_k = net::whole_number<int>(value.at("top_k")),
                                   .objects = object_options_from(value.at("objects"), reader.decoders)},
                       .stages = stage_reports_from(value.at("stages"))};
    check_plan(header.ends, graph, reader);
    check_route(header.route, header.ends, reader);
    const LayerIndex first = first_layer(header.ends, reader.worker);
    if (first == graph.size() ||
        net::whole_numbers<LayerIndex>(value.at("layers")) != graph.boundary(first)) {
      throw net::ConnectionLost("a frame with other tensors than the plan's cut needs");
    }
    return header;
  } catch (const json::exception&) {
    throw net::ConnectionLost("a frame with a malformed header");
  }
}

std::optional<int> next_on_route(const FrameHeader& header, int worker) {
  const auto next = std::upper_bound(header.route.begin(), header.route.end(), worker);
  return next == header.route.end() ? std::nullopt : std::optional(*next);
}

net::OutgoingFrame outgoing_frame(std::uint64_t frame, FrameHeader header, net::ArrayMap arrays,
                                  std::function<StageReport(const net::SendTimes&)> report) {
  std::vector<LayerIndex> layers;
  for (const auto& [layer, array] : arrays) layers.push_back(layer);
  net::OutgoingFrame outgoing{
      .frame = frame, .coding = header.options.coding, .arrays = std::move(arrays), .header = {}};
  outgoing.header = [header = std::move(header), layers = std::move(layers),
                     report = std::move(report)](const net::SendTimes& sent) {
    FrameHeader complete = header;
    complete.stages.push_back(report(sent));
    return pack(complete, layers);
  };
  return outgoing;
}

}  // namespace edge::chain
