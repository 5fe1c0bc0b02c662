// The schedulers. data/load_balance.json: chains (cost of layers 1..n, capacities) and how many layers each
// worker got from the original system's load balancing.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/error.h"
#include "roles/scheduling/scheduler.h"

namespace edge::scheduling {
namespace {

Costs costs_of(std::vector<double> layer_cost, std::vector<double> capacity) {
  layer_cost.insert(layer_cost.begin(), 0.0);  // the input
  return {std::move(layer_cost), std::move(capacity)};
}

std::vector<int> layers_per_worker(const Plan& plan) {
  std::vector<int> layers;
  for (int worker = 0; worker < plan.workers(); ++worker) {
    layers.push_back(plan.end(worker) - plan.begin(worker));
  }
  return layers;
}

std::vector<int> balance(const Costs& costs) {
  return layers_per_worker(make_scheduler("load_balance", {})->plan(costs, 0));
}

TEST(LoadBalance, LikeTheOriginal) {
  std::ifstream file(EDGE_TEST_DATA "/load_balance.json");
  const nlohmann::json cases = nlohmann::json::parse(file);
  ASSERT_GE(cases.size(), 10U);
  for (const auto& entry : cases) {
    const Costs costs = costs_of(entry.at("layer_cost"), entry.at("capacity"));
    EXPECT_EQ(balance(costs), entry.at("layers_per_worker").get<std::vector<int>>()) << entry;
  }
}

/// The original runs over the end here: 1, 2, 4, 0, 0 and -1 layers.
TEST(LoadBalance, NeverNegative) {
  EXPECT_EQ(balance(costs_of({0.073191, 0.067596, 0.091734, 0.14063, 0.076869, 0.103487},
                             {0.9568, 2.8862, 0.4273, 2.7638, 0.7628, 2.6415})),
            (std::vector<int>{1, 2, 0, 1, 1, 1}));
  EXPECT_EQ(balance(costs_of({0.129935}, {1.6271, 2.8075, 1.358, 2.6281, 2.4959, 0.712})),
            (std::vector<int>{0, 0, 0, 1, 0, 0}));
}

TEST(LoadBalance, LayersWithoutCost) {
  EXPECT_EQ(balance(costs_of({0, 0, 0}, {1, 1})), (std::vector<int>{3, 0}));
  EXPECT_EQ(balance(costs_of({1, 0, 1, 0}, {1, 1})), (std::vector<int>{2, 2}));
}

TEST(LoadBalance, EveryLayerExactlyOnce) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> real(0, 1);
  for (int run = 0; run < 1000; ++run) {
    std::vector<double> cost(1 + random() % 30);
    std::vector<double> capacity(1 + random() % 8);
    for (double& value : cost) {
      value = real(random) < 0.3 ? 0 : real(random);
    }
    for (double& value : capacity) {
      value = 0.001 + 10 * real(random);
    }
    const Costs costs = costs_of(cost, capacity);
    const Plan plan = make_scheduler("load_balance", {})->plan(costs, 0);
    ASSERT_EQ(plan.workers(), static_cast<int>(capacity.size()));
    ASSERT_EQ(plan_from_ranges(ranges_of(plan), static_cast<int>(cost.size()) + 1, plan.workers(), "plan"),
              plan);
  }
}

TEST(OneSide, FirstOrLastWorker) {
  const Costs costs = costs_of({1, 2, 3}, {1, 5, 1});
  EXPECT_EQ(to_string(make_scheduler("one_side", {.side = "edge", .plans = {}})->plan(costs, 0)),
            "1-3 | - | -");
  EXPECT_EQ(to_string(make_scheduler("one_side", {.side = "cloud", .plans = {}})->plan(costs, 0)),
            "- | - | 1-3");
  EXPECT_THROW(make_scheduler("one_side", {.side = "left", .plans = {}}), Error);
}

TEST(OneSide, OneWorkerIsBoth) {
  const Costs costs = costs_of({1, 2, 3}, {1});
  EXPECT_EQ(to_string(make_scheduler("one_side", {.side = "cloud", .plans = {}})->plan(costs, 0)), "1-3");
}

TEST(Fixed, PlansInTurn) {
  const Plan first{{3, 4}};
  const Plan second{{1, 4}};
  const auto scheduler = make_scheduler("fixed", {.side = "", .plans = {first, second}});
  const Costs costs = costs_of({1, 2, 3}, {1, 1});
  EXPECT_EQ(scheduler->plan(costs, 0), first);
  EXPECT_EQ(scheduler->plan(costs, 1), second);
  EXPECT_EQ(scheduler->plan(costs, 1'000'000'000'000), first);
  EXPECT_THROW(make_scheduler("fixed", {}), Error);
}

TEST(MakeScheduler, UnknownNameListsTheKnown) {
  try {
    make_scheduler("magic", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "unknown scheduler 'magic'; known: data_aware, neighborhood_search, load_balance, one_side, fixed");
  }
}

}  // namespace
}  // namespace edge::scheduling
