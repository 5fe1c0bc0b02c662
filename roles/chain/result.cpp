#include "roles/chain/result.h"

#include <fmt/format.h>

#include <cstdint>

#include "net/codec/codec.h"
#include "net/length_prefix.h"

namespace edge::chain {

using nlohmann::json;

std::size_t max_result_payload(const Graph& graph) {
  return net::max_encoded_bytes(ElementType::f32, graph.layer(graph.output()).output_shape) +
         net::max_control_bytes;
}

net::Message pack(const Result& result, std::span<const std::byte> encoded_output) {
  json top_k = json::array();
  for (const auto& [index, probability] : result.top_k) top_k.push_back(json::array({index, probability}));
  net::Message message{.type = net::MessageType::result, .frame = result.frame, .payload = {}};
  net::append_prefixed(message.payload, net::to_cbor({{"run", to_json(result.run)},
                                                      {"stages", to_json(result.stages)},
                                                      {"top_k", top_k},
                                                      {"checksum", result.checksum},
                                                      {"output", !encoded_output.empty()}}));
  message.payload.insert(message.payload.end(), encoded_output.begin(), encoded_output.end());
  return message;
}

Result parse_result(const net::Message& message, const Graph& graph, kernels::Isa isa) {
  try {
    const auto [cbor, encoded_output] = net::split_prefixed(message.payload);
    const json value = net::from_cbor(cbor);
    Result result{.frame = message.frame,
                  .run = run_id_from(value.at("run")),
                  .stages = stage_reports_from(value.at("stages")),
                  .checksum = value.at("checksum").get<std::uint32_t>()};
    const std::int64_t classes = graph.layer(graph.output()).output_shape.elements();
    for (const json& entry : value.at("top_k")) {
      const int index = entry.at(0).get<int>();
      if (index < 0 || index >= classes) {
        throw net::ConnectionLost("it sent a result with a class that the network does not have");
      }
      result.top_k.emplace_back(index, entry.at(1).get<float>());
    }
    if (value.at("output").get<bool>()) {
      result.output = net::decode(encoded_output, ElementType::f32, graph.layer(graph.output()).output_shape,
                                  nullptr, isa)
                          .array;
    }
    return result;
  } catch (const json::exception&) {
    throw net::ConnectionLost("it sent a malformed result");
  } catch (const net::CodecError& error) {
    throw net::ConnectionLost(fmt::format("it sent a result with a damaged output: {}", error.what()));
  } catch (const net::NeedFull&) {
    throw net::ConnectionLost("it sent a result that is based on another frame's");
  }
}

}  // namespace edge::chain
