// Small networks for tests of objects and of several outputs.
#pragma once

#include <cstdint>

#include "engine/graph.h"

namespace edge::test {

/// One layer whose output has the form of `street`'s: two heat maps and four planes of boxes, at stride 16.
inline Graph detector_graph(std::int64_t rows = 64, std::int64_t columns = 96) {
  Graph graph("street", Shape{1, 3, rows, columns});
  graph.add("head", Conv2dLayer{.out_channels = 6, .kernel = {16, 16}, .stride = {16, 16}});
  return graph;
}

/// Three outputs, the last of them made early.
inline Graph three_output_graph() {
  Graph graph("three", Shape{1, 3, 16, 24});
  const LayerIndex early =
      graph.add("early", Conv2dLayer{.out_channels = 4, .kernel = {4, 4}, .stride = {4, 4}});
  const LayerIndex middle = graph.add("middle", ReluLayer{});
  const LayerIndex left = graph.add("left", Conv2dLayer{.out_channels = 2}, {middle});
  const LayerIndex right = graph.add("right", Conv2dLayer{.out_channels = 5}, {middle});
  graph.set_outputs({right, left, early});
  return graph;
}

}  // namespace edge::test
