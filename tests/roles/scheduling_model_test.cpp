// The cost model against values recorded from the original system, and by hand.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/models/models.h"
#include "roles/scheduling/pipeline_model.h"
#include "scheduling_support.h"

namespace edge::scheduling {
namespace {

using Json = nlohmann::json;

Json recorded(const char* key) {
  std::ifstream file(EDGE_TEST_DATA "/scheduling.json");
  return Json::parse(file).at(key);
}

TEST(PipelineFinish, LikeTheOriginal) {
  for (const Json& entry : recorded("simulate_pipeline")) {
    const StageTable finish = pipeline_finish(entry.at("stage_cost").get<StageTable>(),
                                              entry.at("stage_ready").get<std::vector<double>>());
    const auto expected = entry.at("finish").get<StageTable>();
    ASSERT_EQ(finish.size(), expected.size());
    for (std::size_t f = 0; f < finish.size(); ++f) {
      for (std::size_t s = 0; s < finish[f].size(); ++s) {
        EXPECT_NEAR(finish[f][s], expected[f][s], 1e-9 * expected[f][s]);
      }
    }
  }
}

Plan plan_of(const Json& layers_of_workers) {
  Plan plan;
  LayerIndex end = 1;
  for (const Json& layers : layers_of_workers) {
    if (!layers.empty()) end = layers.back().get<LayerIndex>() + 1;
    plan.ends.push_back(end);
  }
  return plan;
}

TEST(PipelineModel, TransfersLikeTheOriginal) {
  for (const Json& entry : recorded("plan_transfer_chain")) {
    Costs costs;
    costs.raw_bytes = {entry.at("raw_bytes").get<std::vector<double>>()};
    costs.delta_bytes = {entry.at("diff_bytes").get<std::vector<double>>()};
    costs.layer_cost.assign(costs.raw_bytes.front().size(), 0.0);
    costs.bandwidth = entry.at("bandwidth").get<std::vector<double>>();
    costs.capacity.assign(costs.bandwidth.size(), 1.0);
    costs.cached = entry.at("cached").get<std::vector<std::vector<LayerIndex>>>();
    const StageTable cost = PipelineModel(costs).stage_costs(plan_of(entry.at("plan")));
    const auto transfer = entry.at("transfer").get<std::vector<double>>();
    for (std::size_t worker = 0; worker < transfer.size(); ++worker) {
      EXPECT_NEAR(cost[0][2 * worker], transfer[worker], 1e-9 * transfer[worker]) << entry << worker;
    }
  }
}

TEST(PipelineModel, LaterFramesAreDifferences) {
  Costs costs{.layer_cost = {0, 1, 2}, .capacity = {1, 2}, .bandwidth = {1, 10}};
  costs.raw_bytes = {{100, 200, 300}, {100, 200, 300}};
  costs.delta_bytes = {{1, 20, 3}, {4, 50, 6}};
  costs.cached = {{0}, {0}};
  const Plan plan{{2, 3}};
  EXPECT_EQ(PipelineModel(costs).stage_costs(plan), (StageTable{{1, 1, 20, 1}, {4, 1, 5, 1}}));
  costs.later_frames = LaterFrames::whole;
  EXPECT_EQ(PipelineModel(costs).stage_costs(plan), (StageTable{{1, 1, 20, 1}, {4, 1, 20, 1}}));
}

/// What crosses a link is chosen where the tensors are made; idle workers relay it.
TEST(PipelineModel, IdleWorkersRelay) {
  Costs costs{.layer_cost = {0, 1, 2}, .capacity = {1, 1, 1, 1}, .bandwidth = {1, 10, 100, 1000}};
  costs.raw_bytes = {{1000, 2000, 3000}};
  costs.delta_bytes = {{1, 2, 3}};
  costs.cached = {{0}, {}, {1}, {}};
  EXPECT_EQ(PipelineModel(costs).stage_costs({{2, 2, 3, 3}}), (StageTable{{1, 1, 200, 0, 20, 2, 0, 0}}));
  EXPECT_EQ(PipelineModel(costs).stage_costs({{1, 2, 3, 3}}), (StageTable{{1, 0, 0.1, 1, 0.02, 2, 0, 0}}));
}

TEST(PipelineModel, UnknownLinksAreFree) {
  const Costs costs{.layer_cost = {0, 1, 2}, .capacity = {1, 2}};
  EXPECT_EQ(PipelineModel(costs).finish({{2, 3}}), 2);
}

TEST(Boundaries, ChainAndBranches) {
  const Costs chain{.layer_cost = {0, 1, 1}, .capacity = {1}};
  EXPECT_EQ(boundary_of(chain, 2), (std::vector<LayerIndex>{1}));
  const auto boundaries = boundaries_of({{}, {0}, {1}, {1}, {2, 3}, {4, 0}});
  EXPECT_EQ(boundaries[1], (std::vector<LayerIndex>{0}));
  EXPECT_EQ(boundaries[3], (std::vector<LayerIndex>{0, 1, 2}));
  EXPECT_EQ(boundaries[5], (std::vector<LayerIndex>{0, 4}));
  EXPECT_EQ(boundaries[6], (std::vector<LayerIndex>{5}));
}

TEST(Boundaries, LikeTheGraphs) {
  const Graph graph = make_model("toy_dag", {});
  std::vector<std::vector<LayerIndex>> inputs;
  for (const Layer& layer : graph.layers()) inputs.push_back(layer.inputs);
  const auto boundaries = boundaries_of(inputs);
  for (LayerIndex first = 1; first <= graph.size(); ++first) {
    EXPECT_EQ(boundaries[static_cast<std::size_t>(first)], graph.boundary(first)) << first;
  }
}

/// All tensors of a cut are sent, each whole or as a difference.
TEST(PipelineModel, CutThroughBranches) {
  Costs costs{.layer_cost = {0, 1, 1, 1}, .capacity = {1, 1}, .bandwidth = {1, 1}};
  costs.raw_bytes = {{1000, 2000, 3000, 4000}};
  costs.delta_bytes = {{1, 2, 3, 4}};
  costs.boundary = boundaries_of({{}, {0}, {1}, {1, 2}});
  costs.cached = {{0}, {1}};
  EXPECT_EQ(PipelineModel(costs).stage_costs({{3, 4}}), (StageTable{{1, 2, 3002, 1}}));
  costs.cached = cached_after(costs, {{3, 4}});
  EXPECT_EQ(PipelineModel(costs).stage_costs({{3, 4}}), (StageTable{{1, 2, 5, 1}}));
}

TEST(Simulate, FramesInFlight) {
  Costs costs{.layer_cost = {0, 1, 2}, .capacity = {1, 1}, .bandwidth = {1, 1}};
  costs.raw_bytes = {{10, 10, 10}};
  costs.delta_bytes = {{1, 1, 1}};
  const Plan plan{{2, 3}};
  const Simulation one = simulate(costs, plan, 3, 1);
  EXPECT_EQ(one.started, (std::vector<double>{0, 23, 28}));
  EXPECT_EQ(one.finished, (std::vector<double>{23, 28, 33}));
  const Simulation two = simulate(costs, plan, 4, 2);
  EXPECT_EQ(two.finished, (std::vector<double>{23, 25, 28, 30}));
}

}  // namespace
}  // namespace edge::scheduling
