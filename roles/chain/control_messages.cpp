#include "roles/chain/control_messages.h"

#include <algorithm>
#include <cmath>

namespace edge::chain {

using nlohmann::json;

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

}  // namespace edge::chain
