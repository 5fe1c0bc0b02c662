// The outputs of a whole network. A pure function, thread-safe.
#pragma once

#include <vector>

#include "engine/executor.h"

namespace edge {

/// What a network says of a frame: f32, as Graph::outputs() lists them. `arrays`: by the layer that made
/// them, all outputs among them; a missing one is a std::out_of_range.
std::vector<Array> outputs_in_order(const Graph& graph, const TensorMap& arrays);

}  // namespace edge
