// A network arranged for drawing: layers in ranks, one below the other, branches side by side, and bends
// where connections pass ranks. The method of Sugiyama, Tagawa and Toda (1981), "Methods for visual
// understanding of hierarchical system structures". Pure functions, thread-safe, no errors.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/graph.h"

namespace edge::inspect {

/// The number of a layer, node or worker as an index.
inline std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// A layer, or a bend: where a connection passes a rank.
struct LayeredNode {
  LayerIndex layer = -1;  ///< -1: a bend
  int rank = 0;
};

/// A connection between two layers: nodes of consecutive ranks, both layers included.
struct LayeredEdge {
  LayerIndex from = 0;
  LayerIndex to = 0;
  std::vector<int> nodes;
  /// Passes by other layers without having any of its own, like the identity shortcut of a residual block.
  bool bypass = false;
};

struct LayeredGraph {
  std::vector<LayeredNode> nodes;  ///< the layers first: node l is layer l
  std::vector<LayeredEdge> edges;
  std::vector<std::vector<int>> ranks;  ///< nodes of each rank, from left to right
};

/// A layer's rank is the length of the longest way from the input to it, so that every connection leads down.
/// Within ranks as few crossings as a few sweeps find; none in the networks that we know.
LayeredGraph arrange(const Graph& graph);

/// How often connections cross.
int crossings(const LayeredGraph& layered);

}  // namespace edge::inspect
