// The drawing of networks: nothing overlaps, lines lead down and pass no layer, every part is marked.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <utility>

#include "engine/models/models.h"
#include "roles/inspect/lanes.h"
#include "roles/inspect/layered_graph.h"
#include "roles/inspect/layout.h"

namespace edge::inspect {
namespace {

constexpr double rounding = 0.02;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

bool overlap(const Box& a, const Box& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

bool inside(const Box& inner, const Box& outer) {
  return inner.x >= outer.x - rounding && inner.y >= outer.y - rounding &&
         inner.x + inner.width <= outer.x + outer.width + rounding &&
         inner.y + inner.height <= outer.y + outer.height + rounding;
}

bool touches(const Point& point, const Box& box) {
  return point.x > box.x - 1 && point.x < box.x + box.width + 1 && point.y > box.y + 1 &&
         point.y < box.y + box.height - 1;
}

/// Points of the line as the page draws it: vertical pieces, and curves that begin and end vertically.
std::vector<Point> sampled(const Line& line) {
  constexpr int pieces = 10;
  std::vector<Point> samples;
  for (std::size_t i = 1; i < line.points.size(); ++i) {
    const Point& a = line.points[i - 1];
    const Point& b = line.points[i];
    for (int k = 0; k <= pieces; ++k) {
      const double t = static_cast<double>(k) / pieces;
      const double s = 1 - t;
      const double middle = (a.y + b.y) / 2;
      samples.push_back({(s * s * s + 3 * s * s * t) * a.x + (3 * s * t * t + t * t * t) * b.x,
                         s * s * s * a.y + 3 * s * t * (s + t) * middle + t * t * t * b.y});
    }
  }
  return samples;
}

std::vector<int> workers_of(const Graph& graph, const std::vector<LayerIndex>& ends) {
  std::vector<int> workers{-1};
  for (std::size_t worker = 0; worker < ends.size(); ++worker)
    workers.resize(at(ends[worker]), static_cast<int>(worker));
  EXPECT_EQ(workers.size(), at(graph.size()));
  return workers;
}

void expect_lines(const Graph& graph, const Layout& layout) {
  std::set<std::pair<LayerIndex, LayerIndex>> missing;
  for (LayerIndex layer = 0; layer < graph.size(); ++layer) {
    for (const LayerIndex input : graph.layer(layer).inputs) missing.insert({input, layer});
  }
  for (const Line& line : layout.lines) {
    EXPECT_EQ(missing.erase({line.from, line.to}), 1U) << line.from << " to " << line.to;
    const Box& from = layout.boxes[at(line.from)];
    const Box& to = layout.boxes[at(line.to)];
    ASSERT_GE(line.points.size(), 4U);
    EXPECT_EQ(line.points.size() % 2, 0U);
    EXPECT_NEAR(line.points.front().x, from.x + from.width / 2, rounding);
    EXPECT_NEAR(line.points.front().y, from.y + from.height, rounding);
    EXPECT_NEAR(line.points.back().x, to.x + to.width / 2, rounding);
    EXPECT_NEAR(line.points.back().y, to.y, rounding);
    for (std::size_t i = 1; i < line.points.size(); ++i) {
      EXPECT_GE(line.points[i].y, line.points[i - 1].y) << "upwards";
      if (i % 2 == 1) {
        EXPECT_EQ(line.points[i].x, line.points[i - 1].x) << "not vertical beside layers";
      }
    }
    const std::vector<Point> samples = sampled(line);
    for (const Box& box : layout.boxes) {
      const bool crossed = std::any_of(samples.begin(), samples.end(),
                                       [&](const Point& point) { return touches(point, box); });
      EXPECT_FALSE(crossed) << "line " << line.from << " to " << line.to << " through the layer at " << box.x
                            << ", " << box.y;
    }
  }
  EXPECT_TRUE(missing.empty()) << missing.size() << " lines are not drawn";
}

void expect_boxes(const Graph& graph, const Layout& layout) {
  const Box paper{.x = 0, .y = 0, .width = layout.width, .height = layout.height};
  ASSERT_EQ(layout.boxes.size(), at(graph.size()));
  for (std::size_t i = 0; i < layout.boxes.size(); ++i) {
    EXPECT_TRUE(inside(layout.boxes[i], paper)) << i;
    for (std::size_t k = 0; k < i; ++k)
      EXPECT_FALSE(overlap(layout.boxes[i], layout.boxes[k])) << graph.layer(static_cast<LayerIndex>(i)).name;
  }
}

/// Each layer stands on its worker's ground and on no other.
void expect_grounds(const Layout& layout, const std::vector<int>& workers) {
  std::set<int> active;
  for (std::size_t layer = 0; layer < workers.size(); ++layer) {
    if (workers[layer] >= 0) active.insert(workers[layer]);
    int grounds = 0;
    for (const Ground& ground : layout.grounds) {
      if (!overlap(layout.boxes[layer], ground.box)) continue;
      ++grounds;
      EXPECT_EQ(ground.worker, workers[layer]) << "layer " << layer;
      EXPECT_TRUE(inside(layout.boxes[layer], ground.box)) << "layer " << layer;
    }
    EXPECT_EQ(grounds, workers[layer] < 0 ? 0 : 1) << "layer " << layer;
  }
  for (std::size_t i = 0; i < layout.grounds.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k)
      EXPECT_FALSE(overlap(layout.grounds[i].box, layout.grounds[k].box)) << i << " " << k;
  }
  ASSERT_EQ(layout.labels.size(), active.size());
  for (std::size_t i = 0; i < layout.labels.size(); ++i) {
    EXPECT_TRUE(active.contains(layout.labels[i].worker));
    if (i > 0) {
      EXPECT_GE(layout.labels[i].place.y - layout.labels[i - 1].place.y, 60);
    }
    for (const Box& box : layout.boxes) EXPECT_LT(layout.labels[i].place.x + 140, box.x);
  }
}

void expect_good(const Graph& graph, const std::vector<LayerIndex>& ends) {
  const std::vector<int> workers = workers_of(graph, ends);
  const Layout layout = lay_out(graph, workers);
  expect_boxes(graph, layout);
  expect_lines(graph, layout);
  expect_grounds(layout, workers);
}

/// Three parts, cut somewhere, also inside of blocks.
std::vector<LayerIndex> some_ends(const Graph& graph, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<LayerIndex> ends{1 + static_cast<int>(random() % at(graph.size())),
                               1 + static_cast<int>(random() % at(graph.size())), graph.size()};
  std::sort(ends.begin(), ends.end());
  return ends;
}

class EveryNetwork : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryNetwork, IsDrawnWell) {
  const Graph graph = make_model(GetParam(), {.rows = 224, .columns = 224});
  EXPECT_EQ(crossings(arrange(graph)), 0);
  for (unsigned seed = 1; seed <= 3; ++seed) expect_good(graph, some_ends(graph, seed));
}

INSTANTIATE_TEST_SUITE_P(Inspect, EveryNetwork, ::testing::ValuesIn(model_names()));

TEST(InspectLayout, WithoutPlanThereAreNoGrounds) {
  const Graph graph = make_model("toy_dag", {.rows = 64, .columns = 96});
  const Layout layout = lay_out(graph, {});
  expect_boxes(graph, layout);
  expect_lines(graph, layout);
  EXPECT_TRUE(layout.grounds.empty());
  EXPECT_TRUE(layout.labels.empty());
}

TEST(InspectLayout, WholeRanksOfOneWorkerAreOneGround) {
  const Graph graph = make_model("vgg11", {.rows = 224, .columns = 224});
  const Layout layout = lay_out(graph, workers_of(graph, {7, 7, graph.size()}));
  ASSERT_EQ(layout.grounds.size(), 2U) << "worker 1 relays";
  EXPECT_EQ(layout.grounds[0].worker, 0);
  EXPECT_EQ(layout.grounds[1].worker, 2);
  EXPECT_NEAR(layout.grounds[0].box.y + layout.grounds[0].box.height, layout.grounds[1].box.y, rounding);
  EXPECT_EQ(layout.grounds[1].box.width, layout.width);
}

TEST(InspectLayout, BranchesLieSideBySideAndSymmetric) {
  const Graph graph = make_model("googlenet", {.rows = 224, .columns = 224});
  const Layout layout = lay_out(graph, {});
  const auto box = [&](const std::string& name) {
    for (LayerIndex layer = 0; layer < graph.size(); ++layer) {
      if (graph.layer(layer).name == name) return layout.boxes[at(layer)];
    }
    ADD_FAILURE() << name;
    return Box{};
  };
  const double axis = box("maxpool2").x;
  for (const char* name : {"input", "inception3a", "maxpool3", "inception5b", "fc"})
    EXPECT_NEAR(box(name).x, axis, 0.1) << name;
  const std::vector<Box> branches{box("inception3a.branch1.bn"), box("inception3a.branch2.0.bn"),
                                  box("inception3a.branch3.0.bn"), box("inception3a.branch4.0")};
  double middle = 0;
  for (std::size_t i = 0; i < branches.size(); ++i) {
    EXPECT_EQ(branches[i].y, branches[0].y);
    if (i > 0) {
      EXPECT_GT(branches[i].x, branches[i - 1].x + branches[i - 1].width);
    }
    middle += branches[i].x / 4;
  }
  EXPECT_NEAR(middle, axis, 0.5);
  EXPECT_EQ(box("inception3a.branch2.0.bn").x, box("inception3a.branch2.1").x) << "a branch is straight";
}

TEST(InspectLayout, ShortcutsPassAtTheRight) {
  const Graph graph = make_model("resnet18", {.rows = 64, .columns = 64});
  const Layout layout = lay_out(graph, {});
  for (const Line& line : layout.lines) {
    if (graph.layer(line.to).name != "layer1.0.add" || graph.layer(line.from).name != "maxpool") continue;
    const Box& from = layout.boxes[at(line.from)];
    ASSERT_GT(line.points.size(), 4U);
    EXPECT_GT(line.points[2].x, from.x + from.width);
    EXPECT_EQ(line.points[2].x, line.points[line.points.size() - 3].x) << "straight beside the block";
    return;
  }
  FAIL() << "no shortcut";
}

/// Layers that read one or two earlier ones at random: no pattern that a layout could rely on.
TEST(InspectLayout, AnyGraphIsDrawnWithoutOverlaps) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    Graph graph("random", {1, 3, 8, 8});
    for (int i = 0; i < 24; ++i) {
      const auto earlier = [&] {
        return std::max(0, graph.output() - static_cast<int>(random() % (seed % 5 + 2)));
      };
      const std::string name = "layer" + std::to_string(i);
      if (random() % 2 == 0) {
        graph.add(name, Conv2dLayer{.out_channels = 3}, {earlier()});
      } else {
        graph.add(name, AddLayer{}, {earlier(), earlier()});
      }
    }
    expect_good(graph, some_ends(graph, seed));
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

/// Two columns that change sides cannot both be straight; then none is, but order and distances are kept.
TEST(InspectLayout, ColumnsThatCrossAreBent) {
  LayeredGraph layered;
  for (const auto& [layer, rank] : {std::pair{0, 0}, {1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 3}})
    layered.nodes.push_back({.layer = layer, .rank = rank});
  for (const auto& [from, to] : {std::pair{0, 1}, {0, 2}, {1, 3}, {2, 4}, {3, 5}, {4, 5}})
    layered.edges.push_back({.from = from, .to = to, .nodes = {from, to}});
  layered.ranks = {{0}, {1, 2}, {4, 3}, {5}};
  ASSERT_EQ(crossings(layered), 1);
  const std::vector<double> x = place_lanes(layered, std::vector<double>(6, 100), 20);
  EXPECT_EQ(x[0], 0);
  EXPECT_GE(x[2] - x[1], 119.99);
  EXPECT_GE(x[3] - x[4], 119.99);
  EXPECT_NEAR(x[1] + x[2], 0, 0.1);
}

}  // namespace
}  // namespace edge::inspect
