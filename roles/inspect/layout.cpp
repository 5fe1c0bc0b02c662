// The drawing of a network: boxes, lines, and the parts of a plan.
#include "roles/inspect/layout.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "engine/layers/operation_type.h"
#include "roles/inspect/grounds.h"
#include "roles/inspect/lanes.h"
#include "roles/inspect/layered_graph.h"

namespace edge::inspect {
namespace {

constexpr double box_width = 224;
constexpr double box_height = 52;
constexpr double minor_height = 24;
constexpr double bend_width = 8;
constexpr double room = 18;          // between boxes of a rank
constexpr double gap = 26;           // between ranks
constexpr double wide_gap = 46;      // where lines go far to the side
constexpr double far = 90;           // a sidestep of more than this
constexpr double margin = 24;        // around everything
constexpr double label_width = 150;  // at the left, for what is said about parts
constexpr double bytes_width = 80;   // at the right, for what is written beside lines between parts

std::vector<double> widths_of(const LayeredGraph& layered) {
  std::vector<double> widths;
  for (const LayeredNode& node : layered.nodes) widths.push_back(node.layer >= 0 ? box_width : bend_width);
  return widths;
}

/// Tops and bottoms of the ranks.
std::vector<Row> rows_of(const Graph& graph, const LayeredGraph& layered, const std::vector<double>& x) {
  std::vector<double> sidesteps(layered.ranks.size(), 0);  // largest one below each rank
  for (const LayeredEdge& edge : layered.edges) {
    for (std::size_t i = 1; i < edge.nodes.size(); ++i) {
      double& sidestep = sidesteps[at(layered.nodes[at(edge.nodes[i - 1])].rank)];
      sidestep = std::max(sidestep, std::abs(x[at(edge.nodes[i])] - x[at(edge.nodes[i - 1])]));
    }
  }
  std::vector<Row> rows;
  double y = margin;
  for (std::size_t rank = 0; rank < layered.ranks.size(); ++rank) {
    double height = minor_height;
    for (const int node : layered.ranks[rank]) {
      const LayerIndex layer = layered.nodes[at(node)].layer;
      if (layer >= 0 && !graph.layer(layer).operation.type().minor) height = box_height;
    }
    rows.push_back({.top = y, .bottom = y + height});
    y += height + (sidesteps[rank] > far ? wide_gap : gap);
  }
  return rows;
}

double hundredths(double value) {
  return std::round(value * 100) / 100;
}

std::vector<Box> boxes_of(const Graph& graph, const LayeredGraph& layered, const std::vector<double>& x,
                          const std::vector<Row>& rows) {
  std::vector<Box> boxes;
  for (LayerIndex layer = 0; layer < graph.size(); ++layer) {
    const Row& row = rows[at(layered.nodes[at(layer)].rank)];
    const double height = graph.layer(layer).operation.type().minor ? minor_height : box_height;
    boxes.push_back({.x = hundredths(x[at(layer)] - box_width / 2),
                     .y = (row.top + row.bottom - height) / 2,
                     .width = box_width,
                     .height = height});
  }
  return boxes;
}

std::vector<Line> lines_of(const LayeredGraph& layered, const std::vector<double>& x,
                           const std::vector<Row>& rows, const std::vector<Box>& boxes) {
  std::vector<Line> lines;
  for (const LayeredEdge& edge : layered.edges) {
    Line line{.from = edge.from, .to = edge.to, .points = {}};
    for (const int node : edge.nodes) {
      const Row& row = rows[at(layered.nodes[at(node)].rank)];
      const double column = hundredths(x[at(node)]);
      const Box* const box = layered.nodes[at(node)].layer >= 0 ? &boxes[at(node)] : nullptr;
      if (node == edge.from) {
        line.points.push_back({column, box->y + box->height});
      } else {
        line.points.push_back({column, row.top});
      }
      line.points.push_back({column, node == edge.to ? box->y : row.bottom});
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

Layout lay_out(const Graph& graph, const std::vector<int>& workers) {
  const LayeredGraph layered = arrange(graph);
  const std::vector<double> widths = widths_of(layered);
  std::vector<double> x = place_lanes(layered, widths, room);
  double left = 0;
  double right = 0;
  for (std::size_t node = 0; node < x.size(); ++node) {
    left = std::min(left, x[node] - widths[node] / 2);
    right = std::max(right, x[node] + widths[node] / 2);
  }
  const double shift = margin + (workers.empty() ? 0 : label_width) - left;
  for (double& column : x) column += shift;

  const std::vector<Row> rows = rows_of(graph, layered, x);
  Layout layout{.width = hundredths(right + shift + margin + (workers.empty() ? 0 : bytes_width)),
                .height = rows.back().bottom + margin,
                .boxes = boxes_of(graph, layered, x, rows),
                .lines = {},
                .grounds = {},
                .labels = {}};
  layout.lines = lines_of(layered, x, rows, layout.boxes);
  if (!workers.empty()) {
    layout.grounds = grounds_of(layered, layout, rows, workers);
    layout.labels = labels_of(layout.grounds, margin);
  }
  return layout;
}

}  // namespace edge::inspect
