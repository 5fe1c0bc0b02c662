#include "roles/chain/control_messages.h"

#include <algorithm>
#include <numeric>

#include "net/whole_number.h"
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
    // No device is so quick, and nobody waits for one that is so slow: numbers beyond are no measurements,
    // and would leave nothing of those of the other devices in a sum.
    constexpr double quickest_network_s = 1e-8;
    constexpr double slowest_network_s = 1e6;
    // Comparisons with NaN are false.
    const bool sane =
        cost.size() == static_cast<std::size_t>(graph.size()) &&
        std::all_of(cost.begin(), cost.end(), [](double s) { return s >= 0 && s <= slowest_network_s; });
    const double all = sane ? std::accumulate(cost.begin(), cost.end(), 0.0) : 0;
    if (!(all >= quickest_network_s && all <= slowest_network_s))
      throw net::ConnectionLost("it sent impossible layer costs");
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
  for (const auto& [worker, target] : order.links) {
    links.push_back(json::array({worker, target.address.host, target.address.port, target.instance}));
  }
  return {.type = net::MessageType::route,
          .payload = net::to_cbor({{"epoch", order.epoch}, {"links", std::move(links)}})};
}

RouteOrder parse_route(const net::Message& message, int worker) {
  constexpr std::size_t longest_host = 255;
  try {
    const json value = net::from_cbor(message.payload);
    RouteOrder order{.epoch = net::whole_number<std::uint32_t>(value.at("epoch")), .links = {}};
    for (const json& link : value.at("links")) {
      const auto to = net::whole_number<int>(link.at(0));
      if (to <= worker || to >= static_cast<int>(most_workers) || order.links.size() >= most_links) {
        throw net::ConnectionLost("it sent a route that cannot be");
      }
      order.links[to] = {.address = {.host = net::text_from(link.at(1), longest_host),
                                     .port = net::whole_number<std::uint16_t>(link.at(2))},
                         .instance = net::whole_number<std::uint64_t>(link.at(3))};
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
    return {.to = net::whole_number<int>(value.at("to")),
            .connected = value.at("connected").get<bool>(),
            .reason = net::text_from(value.at("reason"))};
  } catch (const json::exception&) {
    throw net::ConnectionLost("it sent a malformed state of a link");
  }
}

}  // namespace edge::chain
