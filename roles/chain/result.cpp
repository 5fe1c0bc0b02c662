#include "roles/chain/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "net/codec/codec.h"
#include "net/length_prefix.h"
#include "net/whole_number.h"
#include "roles/chain/object_json.h"

namespace edge::chain {
namespace {

using nlohmann::json;

/// Only a network with one output is a classifier.
std::int64_t classes_of(const Graph& graph) {
  return graph.outputs().size() == 1 ? graph.layer(graph.output()).output_shape.elements() : 0;
}

std::vector<std::pair<int, float>> top_k_from(const json& value, const Graph& graph) {
  const std::int64_t classes = classes_of(graph);
  std::vector<std::pair<int, float>> top_k;
  const auto& list = value.get_ref<const json::array_t&>();
  if (list.size() > static_cast<std::size_t>(classes)) {
    throw net::ConnectionLost("it sent a result with more classes than the network has");
  }
  for (const json& entry : list) {
    const auto index = net::whole_number<std::int64_t>(entry.at(0));
    if (index < 0 || index >= classes) {
      throw net::ConnectionLost("it sent a result with a class that the network does not have");
    }
    top_k.emplace_back(static_cast<int>(index), entry.at(1).get<float>());
  }
  return top_k;
}

/// Whether a result has objects is not the peer's to say.
void check_that_objects_are_asked_for(bool has_objects, const Asked& asked) {
  if (has_objects == (asked.decoder != nullptr)) return;
  throw net::ConnectionLost(has_objects ? "it sent objects that nobody asked for"
                                        : "it sent a result without the objects that were asked for");
}

/// The worker that ends a frame adds the last report.
std::vector<StageReport> stages_from(const json& value, const Asked& asked) {
  std::vector<StageReport> stages = stage_reports_from(value);
  if (asked.worker >= 0 && !stages.empty() && stages.back().worker != asked.worker) {
    throw net::ConnectionLost("it sent a result that ends with another worker's stage report");
  }
  return stages;
}

std::vector<Array> outputs_from(std::span<const std::byte> bytes, const Graph& graph, kernels::Isa isa) {
  std::vector<Array> outputs;
  for (const LayerIndex layer : graph.outputs()) {
    net::Decoded decoded =
        net::decode(bytes, ElementType::f32, graph.layer(layer).output_shape, nullptr, isa);
    bytes = bytes.subspan(decoded.consumed);
    outputs.push_back(std::move(decoded.array));
  }
  if (!bytes.empty()) throw net::ConnectionLost("it sent a result with bytes behind its outputs");
  return outputs;
}

}  // namespace

std::size_t max_result_payload(const Graph& graph) {
  std::uint64_t bytes = net::max_control_bytes;
  for (const LayerIndex layer : graph.outputs()) {
    bytes += net::max_encoded_bytes(ElementType::f32, graph.layer(layer).output_shape);
  }
  // A message says its length in 32 bits.
  return static_cast<std::size_t>(std::min<std::uint64_t>(bytes, std::numeric_limits<std::uint32_t>::max()));
}

std::vector<std::byte> encode_outputs(const std::vector<Array>& outputs, const net::LinkCoding& coding) {
  const net::EncodeOptions options{.delta = coding.delta, .compress = coding.compress, .speeds = {}};
  std::vector<std::byte> bytes;
  for (const Array& output : outputs) net::encode(output, nullptr, options, bytes);
  return bytes;
}

net::Message pack(const Result& result, std::span<const std::byte> encoded_outputs) {
  json top_k = json::array();
  for (const auto& [index, probability] : result.top_k) top_k.push_back(json::array({index, probability}));
  net::Message message{.type = net::MessageType::result, .frame = result.frame, .payload = {}};
  net::append_prefixed(message.payload,
                       net::to_cbor({{"run", to_json(result.run)},
                                     {"stages", to_json(result.stages)},
                                     {"top_k", top_k},
                                     {"objects", result.has_objects ? to_json(result.objects) : json()},
                                     {"checksum", result.checksum},
                                     {"outputs", !encoded_outputs.empty()}}));
  message.payload.insert(message.payload.end(), encoded_outputs.begin(), encoded_outputs.end());
  return message;
}

Result parse_result(const net::Message& message, const Asked& asked, kernels::Isa isa) {
  try {
    const auto [cbor, encoded_outputs] = net::split_prefixed(message.payload);
    const json value = net::from_cbor(cbor);
    const json& objects = value.at("objects");
    check_that_objects_are_asked_for(!objects.is_null(), asked);
    const bool with_outputs = value.at("outputs").get<bool>();
    return {.frame = message.frame,
            .run = run_id_from(value.at("run")),
            .stages = stages_from(value.at("stages"), asked),
            .top_k = top_k_from(value.at("top_k"), asked.graph),
            .has_objects = asked.decoder != nullptr,
            .objects = asked.decoder != nullptr ? objects_from(objects, asked.decoder->classes())
                                                : std::vector<detection::Detection>(),
            .checksum = net::whole_number<std::uint32_t>(value.at("checksum")),
            .outputs = with_outputs ? outputs_from(encoded_outputs, asked.graph, isa) : std::vector<Array>()};
  } catch (const json::exception&) {
    throw net::ConnectionLost("it sent a malformed result");
  } catch (const net::CodecError& error) {
    throw net::ConnectionLost(fmt::format("it sent a result with a damaged output: {}", error.what()));
  } catch (const net::NeedFull&) {
    throw net::ConnectionLost("it sent a result that is based on another frame's");
  }
}

}  // namespace edge::chain
