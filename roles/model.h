// The network that a config asks for, and how a process introduces itself with it.
#pragma once

#include <memory>
#include <string>

#include "engine/graph.h"
#include "engine/weights.h"
#include "net/handshake.h"
#include "roles/config/config.h"

namespace edge {

/// Immutable; safe to share between threads.
struct Model {
  Graph graph;
  std::unique_ptr<const WeightSource> weights;
  std::string hash;  ///< of graph, weights and frame size
  std::string text;  ///< for people: "alexnet features, 480x720, seed 1"
};

/// Throws Error: unknown network, frame too small for it.
Model load_model(const ModelConfig& config);

/// "worker" with its index, or "master" with 0. Contains a new instance number.
net::Identity make_identity(const std::string& role, int index, const Model& model);

/// The thread count that a config entry stands for: 0 means all cores.
int resolve_threads(int configured);

}  // namespace edge
