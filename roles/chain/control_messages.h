// What else workers and the trainer tell the master over their control connections. Pure functions,
// thread-safe.
#pragma once

#include <string>
#include <vector>

#include "engine/graph.h"
#include "net/message.h"

namespace edge::chain {

/// Seconds per layer.
net::Message profile_message(const std::vector<double>& layer_cost);
/// Throws net::ConnectionLost unless it has one finite, non-negative number per layer.
std::vector<double> parse_profile(const net::Message& message, const Graph& graph);

/// The sender cannot go on: one line that says why.
net::Message failure_message(const std::string& reason);
/// Printable. Throws net::ConnectionLost if it is malformed.
std::string parse_failure(const net::Message& message);

}  // namespace edge::chain
