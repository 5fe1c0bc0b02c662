// The search for the optimum against brute force and against what the original system found by enumeration.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "roles/scheduling/optimum.h"
#include "roles/scheduling/scheduler.h"
#include "scheduling_support.h"

namespace edge::scheduling {
namespace {

double brute_force(const PipelineModel& model) {
  double best = std::numeric_limits<double>::infinity();
  for_all_plans(model.workers(), model.layers(),
                [&](const Plan& plan) { best = std::min(best, model.finish(plan)); });
  return best;
}

void expect_recorded_optima(const std::string& path) {
  std::ifstream file(path);
  const nlohmann::json cases = nlohmann::json::parse(file).at("data_aware_optimum");
  ASSERT_GE(cases.size(), 10U);
  for (const auto& entry : cases) {
    const Costs costs = recorded_costs(entry);
    const Optimum optimum = find_optimum(PipelineModel(costs));
    const double best = entry.at("best_cost").get<double>();
    EXPECT_NEAR(optimum.finish_s, best, 1e-9 * best) << entry;
    EXPECT_TRUE(optimum.exact);
  }
}

TEST(Optimum, LikeTheOriginal) {
  expect_recorded_optima(EDGE_TEST_DATA "/scheduling.json");
}

/// All recordings, for those who have them: EDGE_SCHEDULING_RECORDINGS=FILE.
TEST(Optimum, LikeTheOriginalInAllRecordings) {
  if (const char* file = std::getenv("EDGE_SCHEDULING_RECORDINGS")) expect_recorded_optima(file);
}

TEST(Optimum, EqualsBruteForce) {
  Random random(1);
  for (int run = 0; run < 400; ++run) {
    const Size size{.workers = 1 + random() % 4, .layers = 2 + random() % 8, .frames = 1 + random() % 5};
    const Costs costs = random_costs(random, size, run % 2 == 0);
    const PipelineModel model(costs);
    const Optimum optimum = find_optimum(model);
    const double best = brute_force(model);
    ASSERT_NEAR(optimum.finish_s, best, 1e-12 * best) << "run " << run << ", " << to_string(optimum.plan);
    ASSERT_TRUE(optimum.exact);
  }
}

/// Devices that are good at different layers.
TEST(Optimum, EqualsBruteForceWithCostsPerWorker) {
  Random random(7);
  for (int run = 0; run < 200; ++run) {
    const Size size{.workers = 1 + random() % 4, .layers = 2 + random() % 8, .frames = 1 + random() % 4};
    Costs costs = random_costs(random, size, run % 2 == 0);
    for (std::size_t worker = 0; worker < size.workers; ++worker) {
      costs.worker_layer_cost.emplace_back();
      for (std::size_t layer = 0; layer < size.layers; ++layer) {
        costs.worker_layer_cost.back().push_back(uniform(random, 0, 0.1));
      }
    }
    const PipelineModel model(costs);
    const Optimum optimum = find_optimum(model);
    const double best = brute_force(model);
    ASSERT_NEAR(optimum.finish_s, best, 1e-12 * best) << "run " << run << ", " << to_string(optimum.plan);
  }
}

/// Whole numbers make many equal plans and equal times.
TEST(Optimum, EqualsBruteForceWithTies) {
  Random random(2);
  for (int run = 0; run < 300; ++run) {
    const Size size{.workers = 2 + random() % 3, .layers = 2 + random() % 7, .frames = 1 + random() % 4};
    Costs costs = random_costs(random, size, false);
    for (double& cost : costs.layer_cost) cost = static_cast<double>(random() % 4);
    for (double& capacity : costs.capacity) capacity = static_cast<double>(1 + random() % 2);
    for (double& bandwidth : costs.bandwidth) bandwidth = 1;
    for (double& ready : costs.stage_ready) ready = static_cast<double>(random() % 20);
    for (auto* bytes : {&costs.raw_bytes, &costs.delta_bytes}) {
      for (auto& row : *bytes) {
        for (double& value : row) value = static_cast<double>(random() % 4);
      }
    }
    const PipelineModel model(costs);
    ASSERT_EQ(find_optimum(model).finish_s, brute_force(model)) << "run " << run;
  }
}

TEST(Optimum, OfPlansEquallyGoodTheOneWithTheEarlierResult) {
  Costs costs{.layer_cost = {0, 1, 1}, .capacity = {1, 1}};
  costs.stage_ready = {0, 0, 0, 10};  // the group counts as finished at 10 whatever is done
  EXPECT_EQ(to_string(find_optimum(PipelineModel(costs)).plan), "1-2 | -");
}

TEST(Optimum, WholeNetworkDownTheChain) {
  Costs costs{.layer_cost = {0, 1, 1}, .capacity = {1, 1, 100}, .bandwidth = {100, 100, 100}};
  costs.raw_bytes = costs.delta_bytes = {{1, 50, 50}};
  EXPECT_EQ(to_string(find_optimum(PipelineModel(costs)).plan), "- | - | 1-2");
  costs.capacity = {100, 1, 1};
  EXPECT_EQ(to_string(find_optimum(PipelineModel(costs)).plan), "1-2 | - | -");
}

/// Two ways that the same frames take: one is early with the first frame, the other with the last. Which is
/// better only the slow stage behind shows; keeping one of them would be wrong.
TEST(Optimum, FirstFrameOrLastFrame) {
  Random random(3);
  for (int run = 0; run < 200; ++run) {
    Costs costs = random_costs(random, {.workers = 4, .layers = 7, .frames = 4}, false);
    costs.later_frames = LaterFrames::delta;
    for (auto& row : costs.delta_bytes) {
      for (double& bytes : row) bytes = random() % 3 == 0 ? 3e6 : 1e4;
    }
    costs.bandwidth.assign(4, 1e7);
    const PipelineModel model(costs);
    const double best = brute_force(model);
    ASSERT_NEAR(find_optimum(model).finish_s, best, 1e-12 * best) << "run " << run;
  }
}

TEST(Optimum, LargeChains) {
  Random random(4);
  for (const Size& size : {Size{8, 200, 3}, Size{64, 100, 3}, Size{4, 60, 40}}) {
    const Costs costs = random_costs(random, size, true);
    const PipelineModel model(costs);
    const Optimum optimum = find_optimum(model);
    EXPECT_TRUE(optimum.exact);
    EXPECT_EQ(plan_from_ranges(ranges_of(optimum.plan), model.layers(), model.workers(), "plan"),
              optimum.plan);
    for (const char* other : {"load_balance", "neighborhood_search", "one_side"}) {
      EXPECT_LE(optimum.finish_s, model.finish(make_scheduler(other, {})->plan(costs, 0)) * (1 + 1e-12));
    }
  }
}

TEST(Optimum, LimitedSearchSaysSo) {
  Random random(5);
  const Costs costs = random_costs(random, {.workers = 6, .layers = 60, .frames = 6}, false);
  const PipelineModel model(costs);
  const Optimum full = find_optimum(model);
  const Optimum limited = find_optimum(model, {.max_steps = 0});
  EXPECT_TRUE(full.exact);
  EXPECT_GE(limited.finish_s, full.finish_s);
  EXPECT_LE(limited.finish_s, model.finish(make_scheduler("load_balance", {})->plan(costs, 0)));
  EXPECT_LE(limited.steps, full.steps);
}

}  // namespace
}  // namespace edge::scheduling
