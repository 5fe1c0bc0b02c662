// Which outputs are kept where memory is short. Internal to the engine; pure functions.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/graph.h"
#include "engine/program.h"

namespace edge {

/// The results of the program's steps that are kept: those with the least arithmetic per byte are left out
/// until the rest fits into the limit. `program` keeps all.
std::vector<LayerIndex> choose_kept(const Graph& graph, const Program& program, std::size_t limit_bytes);

}  // namespace edge
