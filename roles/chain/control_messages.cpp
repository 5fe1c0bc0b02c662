#include "roles/chain/control_messages.h"

#include <algorithm>
#include <numeric>

namespace edge::chain {

using nlohmann::json;

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

}  // namespace edge::chain
