// Where the nodes of an arranged network lie from left to right. Pure function, thread-safe, no errors.
#pragma once

#include <vector>

#include "roles/inspect/layered_graph.h"

namespace edge::inspect {

/// The centre of each node, given its width and the least room to both sides of it: nodes of a rank keep
/// their order and do not overlap, and connections are as straight as that allows. What all ways lead through
/// is at 0.
std::vector<double> place_lanes(const LayeredGraph& layered, const std::vector<double>& widths, double room);

}  // namespace edge::inspect
