// Where the nodes of an arranged network lie from left to right.
//
// Nodes that follow each other without branching form a column, which is drawn straight. The weighted squares
// of the sidesteps between columns are made as small as the distances that columns must keep allow. Each step
// draws every column halfway to the mean of its neighbours (that never makes the sum larger) and then
// restores the distances by the least correction (Hildreth 1957, "A quadratic programming procedure").
#include "roles/inspect/lanes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <utility>

namespace edge::inspect {
namespace {

constexpr int most_steps = 600;
constexpr int most_corrections = 200;  // passes over all distances in each step
constexpr double still = 0.0005;       // steps and passes that move nothing by more than this are the last
// Layers had better be in line with each other than with what passes them by.
constexpr double between_layers = 1;
constexpr double into_bypass = 0.001;

/// Columns: which one each node is in.
struct Columns {
  std::vector<std::size_t> of_node;
  std::size_t count = 0;
};

/// That a column keeps to the right of another one.
struct Distance {
  std::size_t left = 0;
  std::size_t right = 0;
  double least = 0;
  double push = 0;  ///< Hildreth's multiplier
};

struct Pull {
  std::size_t a = 0;
  std::size_t b = 0;
  double weight = 0;
};

Columns straight_columns(const LayeredGraph& layered) {
  std::vector<int> above(layered.nodes.size(), 0);  // how many lines come and go
  std::vector<int> below(layered.nodes.size(), 0);
  std::vector<int> upper(layered.nodes.size(), -1);  // where the only one comes from
  for (const LayeredEdge& edge : layered.edges) {
    for (std::size_t i = 1; i < edge.nodes.size(); ++i) {
      ++below[at(edge.nodes[i - 1])];
      ++above[at(edge.nodes[i])];
      upper[at(edge.nodes[i])] = edge.nodes[i - 1];
    }
  }
  Columns columns{.of_node = std::vector<std::size_t>(layered.nodes.size()), .count = 0};
  for (const std::vector<int>& rank : layered.ranks) {
    for (const int node : rank) {
      const bool goes_on = above[at(node)] == 1 && below[at(upper[at(node)])] == 1;
      columns.of_node[at(node)] = goes_on ? columns.of_node[at(upper[at(node)])] : columns.count++;
    }
  }
  return columns;
}

Columns single_nodes(const LayeredGraph& layered) {
  Columns columns{.of_node = {}, .count = layered.nodes.size()};
  columns.of_node.resize(columns.count);
  std::iota(columns.of_node.begin(), columns.of_node.end(), std::size_t{0});
  return columns;
}

std::vector<Distance> distances_of(const LayeredGraph& layered, const Columns& columns,
                                   const std::vector<double>& widths, double room) {
  std::map<std::pair<std::size_t, std::size_t>, double> least;
  for (const std::vector<int>& rank : layered.ranks) {
    for (std::size_t i = 1; i < rank.size(); ++i) {
      double& distance = least[{columns.of_node[at(rank[i - 1])], columns.of_node[at(rank[i])]}];
      distance = std::max(distance, (widths[at(rank[i - 1])] + widths[at(rank[i])]) / 2 + room);
    }
  }
  std::vector<Distance> distances;
  distances.reserve(least.size());
  for (const auto& [pair, distance] : least)
    distances.push_back({.left = pair.first, .right = pair.second, .least = distance});
  return distances;
}

/// Puts columns as far to the left as their distances allow. False if that goes round in circles: columns
/// that cross each other cannot all be straight.
bool press_left(std::vector<double>& x, const std::vector<Distance>& distances) {
  for (std::size_t pass = 0; pass <= x.size(); ++pass) {
    bool moved = false;
    for (const Distance& distance : distances) {
      if (x[distance.right] >= x[distance.left] + distance.least) continue;
      x[distance.right] = x[distance.left] + distance.least;
      moved = true;
    }
    if (!moved) return true;
  }
  return false;
}

std::vector<Pull> pulls_of(const LayeredGraph& layered, const Columns& columns) {
  std::vector<Pull> pulls;
  for (const LayeredEdge& edge : layered.edges) {
    for (std::size_t i = 1; i < edge.nodes.size(); ++i) {
      const std::size_t a = columns.of_node[at(edge.nodes[i - 1])];
      const std::size_t b = columns.of_node[at(edge.nodes[i])];
      if (a != b) pulls.push_back({a, b, edge.bypass ? into_bypass : between_layers});
    }
  }
  return pulls;
}

class Lanes {
 public:
  Lanes(const LayeredGraph& layered, const Columns& columns, std::vector<Distance> distances,
        std::vector<double> start)
      : distances_(std::move(distances)),
        pulls_(pulls_of(layered, columns)),
        mobility_(columns.count, 0),
        x_(std::move(start)) {
    std::vector<double> weight(columns.count, 0);
    for (const Pull& pull : pulls_) {
      weight[pull.a] += pull.weight;
      weight[pull.b] += pull.weight;
    }
    for (std::size_t column = 0; column < columns.count; ++column)
      mobility_[column] = weight[column] > 0 ? 1 / weight[column] : 1;
    for (const std::vector<int>& rank : layered.ranks) {
      if (rank.size() > 1) continue;
      const std::size_t column = columns.of_node[at(rank[0])];  // all ways lead through it
      mobility_[column] = 0;
      x_[column] = 0;
    }
  }

  std::vector<double> run() {
    for (int step = 0; step < most_steps; ++step) {
      const std::vector<double> before = x_;
      pull();
      for (int pass = 0; pass < most_corrections && correct() > still; ++pass) {
      }
      double moved = 0;
      for (std::size_t i = 0; i < x_.size(); ++i) moved = std::max(moved, std::abs(x_[i] - before[i]));
      if (moved < still) break;
    }
    return std::move(x_);
  }

 private:
  void pull() {
    std::vector<double> step(x_.size(), 0);
    for (const Pull& pull : pulls_) {
      const double sidestep = x_[pull.b] - x_[pull.a];
      step[pull.a] += pull.weight * sidestep;
      step[pull.b] -= pull.weight * sidestep;
    }
    for (std::size_t i = 0; i < x_.size(); ++i) x_[i] += mobility_[i] * step[i] / 2;
    for (Distance& distance : distances_) distance.push = 0;
  }

  /// Returns the largest move.
  double correct() {
    double moved = 0;
    for (Distance& distance : distances_) {
      const double both = mobility_[distance.left] + mobility_[distance.right];
      if (both <= 0) continue;
      const double missing = x_[distance.left] + distance.least - x_[distance.right];
      const double push = std::max(-distance.push, missing / both);
      distance.push += push;
      x_[distance.left] -= push * mobility_[distance.left];
      x_[distance.right] += push * mobility_[distance.right];
      moved = std::max(moved, std::abs(push) * both);
    }
    return moved;
  }

  std::vector<Distance> distances_;
  std::vector<Pull> pulls_;
  std::vector<double> mobility_;  // of each column: 1 / the weight of what pulls at it; 0: fixed
  std::vector<double> x_;
};

}  // namespace

std::vector<double> place_lanes(const LayeredGraph& layered, const std::vector<double>& widths, double room) {
  Columns columns = straight_columns(layered);
  std::vector<Distance> distances = distances_of(layered, columns, widths, room);
  std::vector<double> start(columns.count, 0);
  if (!press_left(start, distances)) {
    columns = single_nodes(layered);
    distances = distances_of(layered, columns, widths, room);
    start.assign(columns.count, 0);
    press_left(start, distances);
  }
  std::vector<double> x = Lanes(layered, columns, distances, std::move(start)).run();
  press_left(x, distances);  // what rounding has left
  std::vector<double> places;
  for (const std::size_t column : columns.of_node) places.push_back(x[column]);
  return places;
}

}  // namespace edge::inspect
