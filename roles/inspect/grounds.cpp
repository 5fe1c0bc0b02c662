// The ground that each worker's layers stand on in the drawing.
#include "roles/inspect/grounds.h"

#include <algorithm>
#include <cstddef>
#include <map>

namespace edge::inspect {
namespace {

constexpr double label_height = 64;  // four lines of text

/// The cells of one rank: from `top` to `bottom`, over the whole width.
std::vector<Ground> cells_of(const std::vector<LayerIndex>& layers, const Layout& layout,
                             const std::vector<int>& workers, const Row& row) {
  std::vector<Ground> cells;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Box& box = layout.boxes[at(layers[i])];
    const int worker = workers[at(layers[i])];
    if (!cells.empty() && cells.back().worker == worker) continue;
    double left = 0;
    if (i > 0) {
      const Box& before = layout.boxes[at(layers[i - 1])];
      left = (before.x + before.width + box.x) / 2;
      cells.back().box.width = left - cells.back().box.x;
    }
    cells.push_back(
        {.worker = worker,
         .box = {.x = left, .y = row.top, .width = layout.width - left, .height = row.bottom - row.top}});
  }
  return cells;
}

}  // namespace

std::vector<Ground> grounds_of(const LayeredGraph& layered, const Layout& layout,
                               const std::vector<Row>& rows, const std::vector<int>& workers) {
  std::vector<Ground> grounds;
  bool whole = false;  // the last ground is that of a whole rank
  for (std::size_t rank = 0; rank < rows.size(); ++rank) {
    std::vector<LayerIndex> layers;
    for (const int node : layered.ranks[rank]) {
      if (layered.nodes[at(node)].layer >= 0) layers.push_back(layered.nodes[at(node)].layer);
    }
    const Row row{
        .top = rank == 0 ? 0 : (rows[rank - 1].bottom + rows[rank].top) / 2,
        .bottom = rank + 1 == rows.size() ? layout.height : (rows[rank].bottom + rows[rank + 1].top) / 2};
    std::vector<Ground> cells = cells_of(layers, layout, workers, row);
    if (whole && cells.size() == 1 && cells[0].worker == grounds.back().worker) {
      grounds.back().box.height = row.bottom - grounds.back().box.y;
      continue;
    }
    whole = cells.size() == 1;
    grounds.insert(grounds.end(), cells.begin(), cells.end());
  }
  std::erase_if(grounds, [](const Ground& ground) { return ground.worker < 0; });
  return grounds;
}

std::vector<GroundLabel> labels_of(const std::vector<Ground>& grounds, double left) {
  std::map<int, double> tops;
  for (const bool at_the_left : {true, false}) {
    for (const Ground& ground : grounds) {
      if (!at_the_left || ground.box.x == 0) tops.try_emplace(ground.worker, ground.box.y);
    }
  }
  std::vector<GroundLabel> labels;
  double free_from = 0;
  for (const auto& [worker, top] : tops) {
    const double y = std::max(top + 6, free_from);
    labels.push_back({.worker = worker, .place = {left, y}});
    free_from = y + label_height;
  }
  return labels;
}

}  // namespace edge::inspect
