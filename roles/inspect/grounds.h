// The ground that each worker's layers stand on in the drawing. Internal to the layout; pure functions,
// thread-safe, no errors.
#pragma once

#include <vector>

#include "roles/inspect/layered_graph.h"
#include "roles/inspect/layout.h"

namespace edge::inspect {

/// Of the boxes of one rank.
struct Row {
  double top = 0;
  double bottom = 0;
};

/// Each rank, with half of the gaps around it, is divided half-way between layers of different workers; whole
/// ranks of one worker are joined. Layers of worker -1 stand on no ground. Uses the layout's boxes and size.
std::vector<Ground> grounds_of(const LayeredGraph& layered, const Layout& layout,
                               const std::vector<Row>& rows, const std::vector<int>& workers);

/// At the top of each worker's first ground that reaches to the left margin (or without such a one, of its
/// first ground), `left` from the left; one below the other if they would overlap.
std::vector<GroundLabel> labels_of(const std::vector<Ground>& grounds, double left);

}  // namespace edge::inspect
