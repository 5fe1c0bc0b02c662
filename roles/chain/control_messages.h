// What else the master, workers and the trainer tell each other over control connections. Pure functions,
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "net/message.h"
#include "roles/config/config.h"

namespace edge::chain {

/// Seconds per layer.
net::Message profile_message(const std::vector<double>& layer_cost);
/// Throws net::ConnectionLost unless it has one finite, non-negative number per layer.
std::vector<double> parse_profile(const net::Message& message, const Graph& graph);

/// The sender cannot go on: one line that says why.
net::Message failure_message(const std::string& reason);
/// Printable. Throws net::ConnectionLost if it is malformed.
std::string parse_failure(const net::Message& message);

/// Where a link leads to.
struct LinkTarget {
  Address address;  ///< as the master reaches it
  std::uint64_t instance =
      0;  ///< of the process that the master talks to; another one that answers is not meant
  friend bool operator==(const LinkTarget&, const LinkTarget&) = default;
};

/// From the master: which workers a worker shall keep links to from now on, and which epoch it is: what its
/// links still hold of older ones is of no use.
struct RouteOrder {
  std::uint32_t epoch = 0;               ///< 0: none has begun
  std::map<int, LinkTarget> links = {};  ///< by worker
  friend bool operator==(const RouteOrder&, const RouteOrder&) = default;
};
net::Message route_message(const RouteOrder& order);
/// Throws net::ConnectionLost if it is malformed, or has a link to a worker that is not behind `worker`.
RouteOrder parse_route(const net::Message& message, int worker);

/// From a worker: the link to worker `to` is there, or cannot be made, for this reason.
struct LinkState {
  int to = 0;
  bool connected = false;
  std::string reason = {};
};
net::Message link_state_message(const LinkState& state);
/// Throws net::ConnectionLost if it is malformed.
LinkState parse_link_state(const net::Message& message);

}  // namespace edge::chain
