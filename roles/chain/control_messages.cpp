#include "roles/chain/control_messages.h"

#include <algorithm>
#include <cmath>

#include "roles/chain/frame_header.h"

namespace edge::chain {

using nlohmann::json;

namespace {

constexpr std::size_t most_links = 8;

}  // namespace

net::Message profile_message(const std::vector<double>& layer_cost) {
  return {.type = net::MessageType::profile, .payload = net::to_cbor({{"layer_cost", layer_cost}})};
}

std::vector<double> parse_profile(const net::Message& message, const Graph& graph) {
  try {
    auto cost = net::from_cbor(message.payload).at("layer_cost").get<std::vector<double>>();
    const bool sane =
        cost.size() == static_cast<std::size_t>(graph.size()) &&
        std::all_of(cost.begin(), cost.end(), [](double s) { return std::isfinite(s) && s >= 0; });
    if (!sane) throw net::ConnectionLost("it sent impossible layer costs");
    return cost;
  } catch (const json::exception&) {
    throw net::ConnectionLost("it sent malformed layer costs");
  }
}

net::Message failure_message(const std::string& reason) {
  return {.type = net::MessageType::failure, .payload = net::to_cbor({{"reason", reason}})};
}

std::string parse_failure(const net::Message& message) {
  constexpr std::size_t longest_reason = 1000;
  try {
    return net::text_from(net::from_cbor(message.payload).at("reason"), longest_reason);
  } catch (const json::exception&) {
    throw net::ConnectionLost("it sent a malformed failure");
  }
}

net::Message route_message(const RouteOrder& order) {
  json links = json::array();
  for (const auto& [worker, address] : order.links) {
    links.push_back(json::array({worker, address.host, address.port}));
  }
  return {.type = net::MessageType::route,
          .payload = net::to_cbor({{"epoch", order.epoch}, {"links", std::move(links)}})};
}

RouteOrder parse_route(const net::Message& message, int worker) {
  constexpr std::size_t longest_host = 255;
  try {
    const json value = net::from_cbor(message.payload);
    RouteOrder order{.epoch = value.at("epoch").get<std::uint32_t>(), .links = {}};
    for (const json& link : value.at("links")) {
      const int to = link.at(0).get<int>();
      if (to <= worker || to >= static_cast<int>(most_workers) || order.links.size() >= most_links) {
        throw net::ConnectionLost("it sent a route that cannot be");
      }
      order.links[to] = {.host = net::text_from(link.at(1), longest_host),
                         .port = link.at(2).get<std::uint16_t>()};
    }
    return order;
  } catch (const json::exception&) {
    throw net::ConnectionLost("it sent a malformed route");
  }
}

net::Message link_state_message(const LinkState& state) {
  return {
      .type = net::MessageType::link_state,
      .payload = net::to_cbor({{"to", state.to}, {"connected", state.connected}, {"reason", state.reason}})};
}

LinkState parse_link_state(const net::Message& message) {
  try {
    const json value = net::from_cbor(message.payload);
    return {.to = value.at("to").get<int>(),
            .connected = value.at("connected").get<bool>(),
            .reason = net::text_from(value.at("reason"))};
  } catch (const json::exception&) {
    throw net::ConnectionLost("it sent a malformed state of a link");
  }
}

}  // namespace edge::chain
