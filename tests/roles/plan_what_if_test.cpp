// `edge plan --faster --link`, and the costs that a master writes.
#include <gtest/gtest.h>

#include "engine/error.h"
#include "engine/models/models.h"
#include "roles/plan/costs_file.h"
#include "roles/plan/model_costs.h"
#include "roles/plan/plan_command.h"
#include "roles/plan/what_if.h"
#include "roles/scheduling/pipeline_model.h"

namespace edge::plan {
namespace {

using scheduling::Costs;

Costs measured(const Graph& graph) {
  const auto layers = static_cast<std::size_t>(graph.size());
  Costs costs{.layer_cost = std::vector<double>(layers, 0.01),
              .capacity = {1, 2},
              .worker_layer_cost = {std::vector<double>(layers, 0.013), std::vector<double>(layers, 0.007)},
              .bandwidth = {3e6, 4.5e6},
              .raw_bytes = {std::vector<double>(layers, 1e5), std::vector<double>(layers, 1e5)},
              .delta_bytes = {std::vector<double>(layers, 1e3), std::vector<double>(layers, 3e3)},
              .cached = {{0}, graph.boundary(5)},
              .stage_ready = {1, 2, 3, 4}};
  costs.dirty_share = {std::vector<double>(layers, 0.1), std::vector<double>(layers, 0.25)};
  costs.part_cost = {{.fixed = 0.04, .variable = 1.2}, {.fixed = 0.05, .variable = 1.5}};
  costs.kept = {{1, 5}, {}};
  costs.coding_s = {std::vector<double>(layers, 1e-3), std::vector<double>(layers, 2e-3)};
  costs.link_offset = {{.seconds = -0.01, .from_bytes = 2e4, .until_bytes = 3e5}, {.seconds = 0.002}};
  costs.known_ranges = {{{.first = 1, .end = 5, .factor = 0.9, .part_factor = 1.1}}, {}};
  costs.return_s = 0.003;
  costs.tried = {{.plan = {.ends = {5, graph.size()}}, .factor = 1.25}};
  costs.boundary.emplace_back();
  for (LayerIndex first = 1; first <= graph.size(); ++first) costs.boundary.push_back(graph.boundary(first));
  return costs;
}

ModelConfig toy() {
  return {.name = "toy_dag", .rows = 32, .columns = 48};
}

TEST(PlanOfNetwork, MeasuresItAndCutsIt) {
  const Costs costs = costs_of_network({.model = toy(), .workers = 3, .threads = 1});
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48});
  ASSERT_EQ(costs.layers(), graph.size());
  EXPECT_EQ(costs.workers(), 3);
  for (LayerIndex layer = 1; layer < graph.size(); ++layer) {
    EXPECT_GT(costs.layer_cost[static_cast<std::size_t>(layer)], 0) << graph.layer(layer).name;
    EXPECT_EQ(scheduling::boundary_of(costs, layer), graph.boundary(layer));
  }
  EXPECT_EQ(costs.bandwidth, (std::vector<double>(3, typical_bandwidth)));
  const PlanAnswer answer = answer_plan({.network = PlannedNetwork{.model = toy()}});
  EXPECT_NE(answer.json.find("\"plan\":[["), std::string::npos) << answer.json;
}

TEST(PlanOfNetwork, HasTheLayerThatMakesPixels) {
  ModelConfig model = toy();
  model.preprocessing.mean = {{0.5, 0.5, 0.5}};
  const Costs costs = costs_of_network({.model = model, .workers = 3, .threads = 1, .bandwidth = {0, 1e6}});
  EXPECT_EQ(costs.layers(), make_model("toy_dag", {.rows = 32, .columns = 48}).size() + 1);
  EXPECT_EQ(costs.bandwidth, (std::vector{typical_bandwidth, 1e6, typical_bandwidth}));
}

TEST(CostsText, ComesBack) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48});
  const Costs costs = measured(graph);
  const Costs back = parse_costs(costs_text(costs, graph), "costs.json");
  EXPECT_EQ(back.layer_cost, costs.layer_cost);
  EXPECT_EQ(back.capacity, costs.capacity);
  EXPECT_EQ(back.worker_layer_cost, costs.worker_layer_cost);
  EXPECT_EQ(back.bandwidth, costs.bandwidth);
  EXPECT_EQ(back.raw_bytes, costs.raw_bytes);
  EXPECT_EQ(back.delta_bytes, costs.delta_bytes);
  EXPECT_EQ(back.cached, costs.cached);
  EXPECT_EQ(back.stage_ready, std::vector<double>(4)) << "the question is about a chain that is free";
  for (LayerIndex first = 1; first < graph.size(); ++first)
    EXPECT_EQ(boundary_of(back, first), boundary_of(costs, first)) << first;
  EXPECT_EQ(back.later_frames, scheduling::LaterFrames::delta);
  EXPECT_EQ(back.dirty_share, costs.dirty_share);
  EXPECT_EQ(back.kept, costs.kept);
  EXPECT_EQ(back.coding_s, costs.coding_s);
  const scheduling::Plan plan{.ends = {5, graph.size()}};
  Costs idle = costs;
  idle.stage_ready = back.stage_ready;
  EXPECT_EQ(scheduling::simulate(back, plan, 20, 3).finished,
            scheduling::simulate(idle, plan, 20, 3).finished);
  EXPECT_EQ(costs_text(back, graph), costs_text(costs, graph));
}

TEST(WhatIf, AFasterDeviceComputesFaster) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48});
  for (const bool each_layer_measured : {true, false}) {
    for (const int worker : {0, 1}) {
      Costs costs = measured(graph);
      if (!each_layer_measured) costs.worker_layer_cost.clear();
      const scheduling::Plan plan{.ends = {5, graph.size()}};
      const auto before = scheduling::PipelineModel(costs).stage_costs(plan).front();
      make_faster(costs, worker == 0 ? "0=2x" : "1=2");
      const auto after = scheduling::PipelineModel(costs).stage_costs(plan).front();
      for (std::size_t stage = 0; stage < 4; ++stage) {
        const bool halved = stage == 2 * static_cast<std::size_t>(worker) + 1;
        EXPECT_NEAR(after[stage], before[stage] / (halved ? 2 : 1), 1e-12) << worker << " " << stage;
      }
    }
  }
}

TEST(WhatIf, AnotherLink) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48});
  Costs costs = measured(graph);
  set_link(costs, "0=12.5e6");
  EXPECT_EQ(costs.bandwidth, (std::vector<double>{12.5e6, 4.5e6}));
}

TEST(WhatIf, Mistakes) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48});
  const auto message = [&](void (*change)(Costs&, const std::string&),
                           const std::string& text) -> std::string {
    Costs costs = measured(graph);
    try {
      change(costs, text);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message(make_faster, "2x"), "--faster 2x: has no '='; write --faster 1=2x");
  EXPECT_EQ(message(make_faster, "a=2x"),
            "--faster a=2x: does not begin with a worker's number; write --faster 1=2x");
  EXPECT_EQ(message(make_faster, "2=2x"), "--faster 2=2x: there is no worker 2: the costs are of 2 (0 to 1)");
  for (const std::string bad : {"1=", "1=0", "1=-2x", "1=x", "1=nan", "1=2xx", "1=inf", "1=2 x"}) {
    EXPECT_EQ(message(make_faster, bad),
              "--faster " + bad + ": has no number above 0 behind '='; write --faster 1=2x");
  }
  EXPECT_EQ(message(set_link, "0=fast"),
            "--link 0=fast: has no number above 0 behind '='; write --link 0=12.5e6");
}

}  // namespace
}  // namespace edge::plan
