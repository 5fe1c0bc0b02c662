#include "roles/chain/frame_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "net/whole_number.h"

namespace edge::chain {
namespace {

using nlohmann::json;

void check_plan(const std::vector<LayerIndex>& ends, const Graph& graph, const Reader& reader) {
  if (ends.size() != static_cast<std::size_t>(reader.workers)) {
    throw net::ConnectionLost(fmt::format(
        "a frame with a plan for {} workers, while the config of worker {} lists {}: use the same "
        "[[workers]] on all devices",
        ends.size(), reader.worker, reader.workers));
  }
  const bool covers =
      ends.front() >= 1 && std::is_sorted(ends.begin(), ends.end()) && ends.back() == graph.size();
  if (!covers) throw net::ConnectionLost("a frame whose plan does not fit the network");
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
                       .options = {.coding = {.delta = value.at("delta").get<bool>(),
                                              .compress = value.at("compress").get<bool>(),
                                              .values = values_from(value.at("values").get<std::string>())},
                                   .full_result = value.at("full_result").get<bool>(),
                                   .top_k = net::whole_number<int>(value.at("top_k")),
                                   .objects = object_options_from(value.at("objects"), reader.decoders)},
                       .stages = stage_reports_from(value.at("stages"))};
    check_plan(header.ends, graph, reader);
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
