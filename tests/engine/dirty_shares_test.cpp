// Shares of dirty positions through whole networks: what an executor that keeps outputs computes.
#include "engine/dirty_shares.h"

#include <gtest/gtest.h>

#include "engine/models/models.h"
#include "engine/operations.h"

namespace edge {
namespace {

kernels::DirtyMap square(const Graph& graph, std::int64_t side) {
  const Shape& shape = graph.layer(0).output_shape;
  kernels::DirtyMap map(shape[2], shape[3]);
  for (std::int64_t row = 0; row < side; ++row) map.mark(row + 8, 8, side);
  return map;
}

TEST(DirtyShares, FollowsReaches) {
  Graph graph("three", {1, 3, 10, 10});
  graph.add("conv", Conv2dLayer{.out_channels = 2, .kernel = {5, 5}, .stride = {1, 1}, .padding = {2, 2}});
  graph.add("relu", ReluLayer{});
  graph.add("flatten", FlattenLayer{});
  kernels::DirtyMap map(10, 10);
  const DirtyShares shares(graph);
  EXPECT_EQ(shares.of(map), (std::vector<double>{0, 0, 0, 0}));
  map.mark(4, 4, 1);
  EXPECT_EQ(shares.of(map), (std::vector<double>{0.01, 0.25, 0.25, 1}));
}

TEST(DirtyShares, GrowsWithDepthAndWithTheFrame) {
  for (const char* name : {"alexnet", "vgg16", "resnet18", "googlenet", "mobilenet_v2", "toy_dag"}) {
    const Graph graph = make_model(name, {.rows = 160, .columns = 240});
    const DirtyShares shares(graph);
    const std::vector<double> few = shares.of(square(graph, 8));
    const std::vector<double> many = shares.of(square(graph, 64));
    kernels::DirtyMap all(160, 240);
    all.mark_all();
    const std::vector<double> whole = shares.of(all);
    for (LayerIndex layer = 1; layer < graph.size(); ++layer) {
      const auto index = static_cast<std::size_t>(layer);
      for (const LayerIndex input : graph.layer(layer).inputs) {
        EXPECT_TRUE(few[index] > 0 || few[static_cast<std::size_t>(input)] == 0) << name << " " << layer;
      }
      EXPECT_LE(few[index], many[index]) << name << " " << layer;
      EXPECT_GE(whole[index], many[index]) << name << " " << layer;
    }
    EXPECT_LT(few[1], 0.05) << name;
  }
}

}  // namespace
}  // namespace edge
