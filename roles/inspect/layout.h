// The drawing of a network: boxes, lines, and the parts of a plan. Lengths are in pixels at scale 1, x to the
// right and y down from the top left corner. Pure function, thread-safe, no errors.
#pragma once

#include <vector>

#include "engine/graph.h"

namespace edge::inspect {

struct Point {
  double x = 0;
  double y = 0;
};

struct Box {
  double x = 0;  ///< of the left side
  double y = 0;  ///< of the top
  double width = 0;
  double height = 0;
};

/// From the bottom of one layer to the top of another. Points 2k and 2k + 1 are joined by a vertical line
/// beside the layers of one rank, points 2k + 1 and 2k + 2 by a curve in the gap between two ranks, which
/// begins and ends vertically. Both ways it never touches another layer.
struct Line {
  LayerIndex from = 0;
  LayerIndex to = 0;
  std::vector<Point> points;
};

/// A piece of the ground that a worker's layers stand on.
struct Ground {
  int worker = 0;
  Box box;
};

/// Where to write which worker it is.
struct GroundLabel {
  int worker = 0;
  Point place;  ///< top left of the text
};

struct Layout {
  double width = 0;
  double height = 0;
  std::vector<Box> boxes;  ///< of each layer
  std::vector<Line> lines;
  std::vector<Ground> grounds;      ///< they tile the drawing below the input, cells of one rank by rank
  std::vector<GroundLabel> labels;  ///< in the left margin, one per worker that has layers
};

/// `workers`: of each layer, -1 for none (the input); empty: no plan, no grounds.
Layout lay_out(const Graph& graph, const std::vector<int>& workers);

}  // namespace edge::inspect
