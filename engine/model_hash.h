// The identity of a network with its weights, by which devices make sure that they run the same.
#pragma once

#include <string>
#include <string_view>

#include "engine/graph.h"
#include "engine/weights.h"

namespace edge {

/// SHA-256 of graph.description() and weights.identity(), 64 lower-case hexadecimal digits. Callable from any
/// thread.
std::string model_hash(const Graph& graph, const WeightSource& weights);

/// SHA-256, 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);

}  // namespace edge
