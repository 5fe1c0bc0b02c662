#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "engine/models/models.h"
#include "tests/engine/support.h"

namespace edge {
namespace {

TEST(ProfileLayers, measures_every_layer_and_reports_progress) {
  const Graph graph = make_model("toy_dag", {.rows = 64, .columns = 96, .classes = 10});
  const SeededWeights weights(1);
  Executor executor(graph, weights, test::executor_options());
  std::vector<std::pair<int, int>> progress;
  const std::vector<double> costs = profile_layers(
      executor, graph, 2, 0.0, [&](int done, int total) { progress.emplace_back(done, total); });
  ASSERT_EQ(costs.size(), static_cast<std::size_t>(graph.size()));
  EXPECT_EQ(costs[0], 0.0);
  for (std::size_t i = 1; i < costs.size(); ++i) EXPECT_GT(costs[i], 0.0);
  ASSERT_EQ(progress.size(), costs.size() - 1);
  for (std::size_t i = 0; i < progress.size(); ++i) {
    EXPECT_EQ(progress[i], std::make_pair(static_cast<int>(i) + 1, graph.size() - 1));
  }
}

TEST(ProfileLayers, needs_no_progress_function) {
  Graph graph("test", {1, 3, 8, 8});
  graph.add("relu", ReluLayer{});
  const SeededWeights weights(1);
  Executor executor(graph, weights, test::executor_options());
  EXPECT_EQ(profile_layers(executor, graph, 1, 0.0, nullptr).size(), 2U);
}

}  // namespace
}  // namespace edge
