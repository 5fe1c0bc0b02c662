// A network arranged for drawing: ranks, bends, and the order in each rank.
#include "roles/inspect/layered_graph.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace edge::inspect {
namespace {

constexpr int sweeps = 8;

std::vector<int> ranks_of_layers(const Graph& graph) {
  std::vector<int> ranks(at(graph.size()), 0);
  for (LayerIndex layer = 0; layer < graph.size(); ++layer) {
    for (const LayerIndex input : graph.layer(layer).inputs)
      ranks[at(layer)] = std::max(ranks[at(layer)], ranks[at(input)] + 1);
  }
  return ranks;
}

/// How many different layers it reads.
std::size_t different_inputs(const Layer& layer) {
  std::vector<LayerIndex> inputs = layer.inputs;
  std::sort(inputs.begin(), inputs.end());
  return static_cast<std::size_t>(std::unique(inputs.begin(), inputs.end()) - inputs.begin());
}

bool is_bypass(const Graph& graph, const std::vector<int>& ranks, LayerIndex from, LayerIndex to) {
  return ranks[at(to)] - ranks[at(from)] > 1 && graph.consumers(from).size() > 1 &&
         different_inputs(graph.layer(to)) > 1;
}

/// Nodes in the order of a depth-first walk: branches get lanes beside each other, in the order in which they
/// are computed, connections that pass by a block the one at its right.
class Walk {
 public:
  explicit Walk(const Graph& graph) : graph_(graph), layer_ranks_(ranks_of_layers(graph)) {
    for (LayerIndex layer = 0; layer < graph.size(); ++layer)
      result_.nodes.push_back({.layer = layer, .rank = layer_ranks_[at(layer)]});
    result_.ranks.resize(at(*std::max_element(layer_ranks_.begin(), layer_ranks_.end())) + 1);
    placed_.resize(at(graph.size()), false);
  }

  LayeredGraph run() {
    place(0);
    while (!open_.empty()) {
      const auto [from, to] = open_.back();
      open_.pop_back();
      add_edge(from, to);
      if (!placed_[at(to)]) place(to);
    }
    return std::move(result_);
  }

 private:
  void place(LayerIndex layer) {
    placed_[at(layer)] = true;
    result_.ranks[at(layer_ranks_[at(layer)])].push_back(layer);
    std::vector<LayerIndex> consumers = graph_.consumers(layer);
    std::stable_partition(consumers.begin(), consumers.end(), [&](LayerIndex consumer) {
      return !is_bypass(graph_, layer_ranks_, layer, consumer);
    });
    for (auto consumer = consumers.rbegin(); consumer != consumers.rend(); ++consumer)
      open_.emplace_back(layer, *consumer);
  }

  void add_edge(LayerIndex from, LayerIndex to) {
    LayeredEdge edge{
        .from = from, .to = to, .nodes = {from}, .bypass = is_bypass(graph_, layer_ranks_, from, to)};
    for (int rank = layer_ranks_[at(from)] + 1; rank < layer_ranks_[at(to)]; ++rank) {
      const int bend = static_cast<int>(result_.nodes.size());
      result_.nodes.push_back({.layer = -1, .rank = rank});
      result_.ranks[at(rank)].push_back(bend);
      edge.nodes.push_back(bend);
    }
    edge.nodes.push_back(to);
    result_.edges.push_back(std::move(edge));
  }

  const Graph& graph_;
  std::vector<int> layer_ranks_;
  std::vector<bool> placed_;
  std::vector<std::pair<LayerIndex, LayerIndex>>
      open_;  // connections still to be followed, the next at the end
  LayeredGraph result_;
};

std::vector<int> positions(const LayeredGraph& layered) {
  std::vector<int> position(layered.nodes.size(), 0);
  for (const std::vector<int>& rank : layered.ranks) {
    for (std::size_t i = 0; i < rank.size(); ++i) position[at(rank[i])] = static_cast<int>(i);
  }
  return position;
}

/// Puts each rank in the order of the mean position of what its nodes are connected to in the rank above
/// (or below).
void sort_by_neighbours(LayeredGraph& layered, bool downwards) {
  std::vector<std::vector<int>> neighbours(layered.nodes.size());
  for (const LayeredEdge& edge : layered.edges) {
    for (std::size_t i = 1; i < edge.nodes.size(); ++i) {
      const int upper = edge.nodes[i - 1];
      const int lower = edge.nodes[i];
      neighbours[at(downwards ? lower : upper)].push_back(downwards ? upper : lower);
    }
  }
  std::vector<int> position = positions(layered);
  const auto sort_rank = [&](std::vector<int>& rank) {
    std::vector<std::pair<double, int>> keys;
    for (const int node : rank) {
      double sum = 0;
      for (const int neighbour : neighbours[at(node)]) sum += position[at(neighbour)];
      const std::size_t count = neighbours[at(node)].size();
      keys.emplace_back(count > 0 ? sum / static_cast<double>(count) : position[at(node)], node);
    }
    std::stable_sort(keys.begin(), keys.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < rank.size(); ++i) {
      rank[i] = keys[i].second;
      position[at(rank[i])] = static_cast<int>(i);
    }
  };
  if (downwards) {
    std::for_each(layered.ranks.begin(), layered.ranks.end(), sort_rank);
  } else {
    std::for_each(layered.ranks.rbegin(), layered.ranks.rend(), sort_rank);
  }
}

}  // namespace

LayeredGraph arrange(const Graph& graph) {
  LayeredGraph best = Walk(graph).run();
  LayeredGraph tried = best;
  int fewest = crossings(best);
  for (int sweep = 0; sweep < sweeps && fewest > 0; ++sweep) {
    sort_by_neighbours(tried, sweep % 2 == 0);
    const int count = crossings(tried);
    if (count >= fewest) continue;
    fewest = count;
    best = tried;
  }
  return best;
}

int crossings(const LayeredGraph& layered) {
  const std::vector<int> position = positions(layered);
  std::vector<std::vector<std::pair<int, int>>> between(
      layered.ranks.size());  // positions, by the upper rank
  for (const LayeredEdge& edge : layered.edges) {
    for (std::size_t i = 1; i < edge.nodes.size(); ++i) {
      between[at(layered.nodes[at(edge.nodes[i - 1])].rank)].emplace_back(position[at(edge.nodes[i - 1])],
                                                                          position[at(edge.nodes[i])]);
    }
  }
  int count = 0;
  for (const auto& segments : between) {
    for (std::size_t i = 0; i < segments.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        const auto& [upper, lower] = segments[i];
        const auto& [other_upper, other_lower] = segments[k];
        if ((upper < other_upper && lower > other_lower) || (upper > other_upper && lower < other_lower))
          ++count;
      }
    }
  }
  return count;
}

}  // namespace edge::inspect
