// What a change of a layer's inputs changes of its output, through its operator's reach. Internal to the
// engine; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/graph.h"
#include "engine/layers/operation_type.h"
#include "kernels/dirty_map.h"

namespace edge {

/// By input of the layer; nothing: any change of it reaches everything.
std::vector<std::optional<Reach>> layer_reaches(const Graph& graph, const Layer& layer);

/// What a change of `from` changes of a map of that size. A reach that does not fit to `from` reaches
/// everything.
kernels::DirtyMap spread(const kernels::DirtyMap& from, const std::optional<Reach>& reach, std::int64_t rows,
                         std::int64_t columns);

}  // namespace edge
