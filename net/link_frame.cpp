#include "net/link_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace edge::net {
namespace {

using nlohmann::json;

constexpr std::size_t length_bytes = 4;
constexpr std::size_t max_stages = 1024;

void store_length(std::byte* to, std::size_t value) {
  for (std::size_t i = 0; i < length_bytes; ++i) to[i] = static_cast<std::byte>(value >> (8 * i));
}

std::size_t load_length(std::span<const std::byte> from) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) value |= static_cast<std::size_t>(from[i]) << (8 * i);
  return value;
}

/// Prefixes a CBOR object with its length.
std::vector<std::byte> pack_part(const json& value) {
  const std::vector<std::byte> cbor = to_cbor(value);
  std::vector<std::byte> bytes(length_bytes + cbor.size());
  store_length(bytes.data(), cbor.size());
  std::copy(cbor.begin(), cbor.end(), bytes.begin() + length_bytes);
  return bytes;
}

/// Splits a payload into its CBOR object and the bytes behind it.
std::pair<json, std::span<const std::byte>> split(std::span<const std::byte> payload) {
  if (payload.size() < length_bytes) throw ConnectionLost("it sent a truncated message");
  const std::size_t length = load_length(payload);
  if (length > payload.size() - length_bytes || length > max_control_bytes) {
    throw ConnectionLost("it sent a message whose header is longer than the message");
  }
  return {from_cbor(payload.subspan(length_bytes, length)), payload.subspan(length_bytes + length)};
}

json run_json(const RunId& run) {
  return json::array({run.instance, run.epoch});
}

RunId run_from(const json& value) {
  return {.instance = value.at(0).get<std::uint64_t>(), .epoch = value.at(1).get<std::uint32_t>()};
}

json stages_json(const std::vector<StageReport>& stages) {
  json array = json::array();
  for (const StageReport& stage : stages) array.push_back(to_json(stage));
  return array;
}

std::vector<StageReport> stages_from(const json& value) {
  if (!value.is_array() || value.size() > max_stages) throw ConnectionLost("it sent malformed stage reports");
  std::vector<StageReport> stages;
  for (const json& stage : value) stages.push_back(stage_report_from(stage));
  return stages;
}

void check_plan(const std::vector<LayerIndex>& ends, const Graph& graph, int worker) {
  const bool covers = !ends.empty() && ends.front() >= 1 && std::is_sorted(ends.begin(), ends.end()) &&
                      ends.back() == graph.size() && static_cast<std::size_t>(worker) < ends.size();
  if (!covers) throw ConnectionLost("it sent a frame whose plan does not fit the network");
}

}  // namespace

double steady_seconds(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

std::size_t LinkFrame::bytes() const {
  std::size_t sum = 0;
  for (const auto& [layer, elements] : tensors) sum += elements.bytes();
  return sum;
}

LayerIndex first_layer(const std::vector<LayerIndex>& ends, int worker) {
  return worker == 0 ? 1 : ends[static_cast<std::size_t>(worker) - 1];
}

std::size_t max_frame_payload(const Graph& graph) {
  std::size_t largest = 0;
  for (LayerIndex first = 1; first < graph.size(); ++first) {
    std::size_t sum = 0;
    for (const LayerIndex layer : graph.boundary(first)) {
      sum += max_encoded_bytes(link_type(layer), graph.layer(layer).output_shape);
    }
    largest = std::max(largest, sum);
  }
  return largest + max_control_bytes;
}

std::size_t max_result_payload(const Graph& graph) {
  return max_encoded_bytes(ElementType::f32, graph.layer(graph.output()).output_shape) + max_control_bytes;
}

std::vector<std::byte> pack_frame_header(const LinkFrame& frame, std::uint64_t sequence) {
  json layers = json::array();
  for (const auto& [layer, elements] : frame.tensors) layers.push_back(layer);
  return pack_part({{"sequence", sequence},
                    {"run", run_json(frame.run)},
                    {"plan", frame.ends},
                    {"layers", layers},
                    {"delta", frame.options.delta},
                    {"compress", frame.options.compress},
                    {"full_result", frame.options.full_result},
                    {"top_k", frame.options.top_k},
                    {"stages", stages_json(frame.stages)}});
}

FrameHeader parse_frame_header(const Message& message, const Graph& graph, int worker) {
  try {
    const auto [value, rest] = split(message.payload);
    FrameHeader header;
    header.rest = rest;
    header.sequence = value.at("sequence").get<std::uint64_t>();
    LinkFrame& frame = header.frame;
    frame.frame = message.frame;
    frame.run = run_from(value.at("run"));
    frame.ends = value.at("plan").get<std::vector<LayerIndex>>();
    check_plan(frame.ends, graph, worker);
    frame.options = {.delta = value.at("delta").get<bool>(),
                     .compress = value.at("compress").get<bool>(),
                     .full_result = value.at("full_result").get<bool>(),
                     .top_k = value.at("top_k").get<int>()};
    frame.stages = stages_from(value.at("stages"));
    header.layers = value.at("layers").get<std::vector<LayerIndex>>();
    const LayerIndex first = first_layer(frame.ends, worker);
    if (first == graph.size() || header.layers != graph.boundary(first)) {
      throw ConnectionLost("it sent a frame with other tensors than the plan's cut needs");
    }
    return header;
  } catch (const json::exception&) {
    throw ConnectionLost("it sent a malformed frame header");
  }
}

json to_json(const StageReport& report) {
  return json::array({report.worker, report.receive_bytes, report.receive_s, report.decode_s, report.wait_s,
                      report.compute_s, report.encode_s, report.transfer.bytes, report.transfer.seconds,
                      report.received_at, report.compute_at, report.encode_at});
}

StageReport stage_report_from(const json& value) {
  const auto seconds = [&](std::size_t i) {
    const double s = value.at(i).get<double>();
    if (!std::isfinite(s) || s < 0) throw ConnectionLost("it sent a stage report with an impossible time");
    return s;
  };
  return {.worker = value.at(0).get<int>(),
          .receive_bytes = value.at(1).get<std::uint64_t>(),
          .receive_s = seconds(2),
          .decode_s = seconds(3),
          .wait_s = seconds(4),
          .compute_s = seconds(5),
          .encode_s = seconds(6),
          .transfer = {.bytes = value.at(7).get<std::uint64_t>(), .seconds = seconds(8)},
          .received_at = seconds(9),
          .compute_at = seconds(10),
          .encode_at = seconds(11)};
}

Message pack_result(const Result& result, std::span<const std::byte> encoded_output) {
  json top_k = json::array();
  for (const auto& [index, probability] : result.top_k) top_k.push_back(json::array({index, probability}));
  Message message{.type = MessageType::result,
                  .frame = result.frame,
                  .payload = pack_part({{"run", run_json(result.run)},
                                        {"stages", stages_json(result.stages)},
                                        {"top_k", top_k},
                                        {"checksum", result.checksum},
                                        {"output", !encoded_output.empty()}})};
  message.payload.insert(message.payload.end(), encoded_output.begin(), encoded_output.end());
  return message;
}

Result parse_result(const Message& message, const Graph& graph, kernels::Isa isa) {
  try {
    const auto [value, rest] = split(message.payload);
    Result result;
    result.frame = message.frame;
    result.run = run_from(value.at("run"));
    result.stages = stages_from(value.at("stages"));
    for (const json& entry : value.at("top_k")) {
      result.top_k.emplace_back(entry.at(0).get<int>(), entry.at(1).get<float>());
    }
    result.checksum = value.at("checksum").get<std::uint32_t>();
    if (value.at("output").get<bool>()) {
      result.output =
          decode(rest, ElementType::f32, graph.layer(graph.output()).output_shape, nullptr, isa).elements;
    }
    return result;
  } catch (const json::exception&) {
    throw ConnectionLost("it sent a malformed result");
  }
}

}  // namespace edge::net
