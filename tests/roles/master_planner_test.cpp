#include <gtest/gtest.h>

#include "net/steady_time.h"
#include "roles/master/planner.h"

namespace edge {
namespace {

using Changes = std::vector<FrameChange>;

/// Two workers, groups of three frames, cuts in proportion to the devices' speeds.
Config planned_workers() {
  Config config;
  config.file = "test.toml";
  config.model = {.name = "toy_dag", .rows = 32, .columns = 32};
  config.workers.resize(2);
  config.schedule.scheduler = "load_balance";
  return config;
}

class PlannerTest : public ::testing::Test {
 protected:
  explicit PlannerTest() : model_(load_model(config_.model)), planner_(config_, model_) {}

  /// Every layer takes worker 0 one millisecond, worker 1 `factor` times that.
  void begin_epoch(double factor) {
    const auto layers = static_cast<std::size_t>(model_.graph.size());
    planner_.begin_epoch(
        {0, 1}, {std::vector<double>(layers, 1e-3), std::vector<double>(layers, factor * 1e-3)}, {1e6, 1e6});
  }
  /// A result whose frame went over link 0 with so many bytes per second.
  static chain::Result result(std::uint64_t frame, std::uint64_t bytes_per_s) {
    return {.frame = frame,
            .run = {},
            .stages = {{.worker = -1, .transfer = {.bytes = bytes_per_s, .seconds = 1}},
                       {.worker = 0, .receive_bytes = 1000, .compute_s = 0.01},
                       {.worker = 1, .receive_bytes = 1000, .compute_s = 0.01}}};
  }
  double bandwidth(std::size_t link) const { return planner_.summary().bandwidth_bytes_per_s.at(link); }

  const Config config_ = planned_workers();
  const Model model_;
  Planner planner_;
};

TEST_F(PlannerTest, PlansByTheProfilesOfTheEpoch) {
  begin_epoch(1);
  const scheduling::Plan equal = planner_.plan(0, Changes(1));
  EXPECT_EQ(equal.workers(), 2);
  EXPECT_EQ(equal.ends.back(), model_.graph.size());
  EXPECT_NEAR(equal.begin(1), model_.graph.size() / 2.0, 3);
  EXPECT_EQ(planner_.plan(3, Changes(1)), equal);

  begin_epoch(9);  // worker 1 has come back on a slower device
  const scheduling::Plan unequal = planner_.plan(6, Changes(1));
  EXPECT_GT(unequal.begin(1), equal.begin(1));
  const PlanningSummary summary = planner_.summary();
  EXPECT_EQ(summary.plans, 3U);
  EXPECT_EQ(summary.plan_changes, 1U);
  EXPECT_GT(summary.schedulers.size(), 1U) << "others are compared with it";
  EXPECT_TRUE(summary.schedulers.front().used);
}

TEST_F(PlannerTest, ARouteThatBeginsBehindTheLastFrameHasNoPlan) {
  begin_epoch(1);
  planner_.plan(0, Changes(1));
  const auto layers = static_cast<std::size_t>(model_.graph.size());
  planner_.begin_epoch({0}, {std::vector<double>(layers, 1e-3), {}}, {1e6, std::nullopt});
  const PlanningSummary summary = planner_.summary();
  EXPECT_TRUE(summary.schedulers.empty());
  EXPECT_EQ(summary.devices.size(), 1U);
  EXPECT_TRUE(planner_.final_costs());
}

TEST_F(PlannerTest, LearnsFromResultsOfFramesThatItSent) {
  begin_epoch(1);
  const scheduling::Plan plan = planner_.plan(0, Changes(1));
  EXPECT_EQ(bandwidth(0), 1e6) << "as configured";
  planner_.finished(result(0, 5000000));
  EXPECT_EQ(bandwidth(0), 1e6) << "no such frame was sent";
  planner_.sent(0, plan);
  planner_.finished(result(0, 4000000));
  EXPECT_EQ(bandwidth(0), 4e6);
  planner_.finished(result(0, 100000000));
  planner_.finished(result(0, 100000000));
  EXPECT_EQ(bandwidth(0), 4e6) << "it has come already";
}

TEST_F(PlannerTest, ReportsOfWorkersThatAreNotThereAreIgnored) {
  begin_epoch(1);
  planner_.sent(0, planner_.plan(0, Changes(1)));
  chain::Result strange = result(0, 2000000);
  strange.stages.push_back({.worker = 99, .transfer = {.bytes = 1000000, .seconds = 1}});
  strange.stages.push_back({.worker = -7, .transfer = {.bytes = 1000000, .seconds = 1}});
  planner_.finished(strange);
  EXPECT_EQ(bandwidth(0), 2e6);
  EXPECT_EQ(bandwidth(1), 1e6);
}

/// They are neither sent nor computed: groups are judged by the frames that are.
TEST_F(PlannerTest, UnchangedFramesAreNotPlanned) {
  begin_epoch(1);
  const scheduling::Plan plan = planner_.plan(0, Changes(3));
  for (std::uint64_t frame = 0; frame < 3; ++frame) {
    planner_.sent(frame, plan);
    planner_.finished(result(frame, 1000000));
  }
  const FrameChange unchanged{.rates = {0, 0, 0}, .unchanged = true};
  const FrameChange changed{.rates = {0.5, 0.5, 0.5}};
  begin_epoch(9);
  EXPECT_EQ(planner_.plan(3, Changes(3, unchanged)), plan) << "there is nothing to plan for";
  EXPECT_EQ(planner_.summary().plans, 1U);
  const scheduling::Plan other = planner_.plan(6, {unchanged, changed, unchanged});
  EXPECT_NE(other, plan);
  EXPECT_EQ(planner_.summary().plans, 2U);
  planner_.sent(7, other);
  planner_.finished(result(7, 1000000));
  EXPECT_TRUE(planner_.summary().median_prediction_error);
}

TEST_F(PlannerTest, WhatWasMeasuredOfLinksOutlivesAnEpoch) {
  begin_epoch(1);
  planner_.sent(0, planner_.plan(0, Changes(1)));
  planner_.finished(result(0, 4000000));
  begin_epoch(1);
  planner_.plan(3, Changes(1));
  EXPECT_EQ(bandwidth(0), 4e6);
}

/// Three workers, of which some are there.
class PlannerRouteTest : public ::testing::Test {
 protected:
  static Config three_workers(const std::string& scheduler) {
    Config config = planned_workers();
    config.workers.resize(3);
    config.schedule.scheduler = scheduler;
    return config;
  }
  static std::vector<std::vector<double>> profiles(const Model& model) {
    return std::vector(3, std::vector<double>(static_cast<std::size_t>(model.graph.size()), 1e-3));
  }
  const std::vector<std::optional<double>> bandwidth_{50e6, 50e6, 50e6};
};

TEST_F(PlannerRouteTest, WhoIsAwayGetsNoLayersAndFramesUnderWayAnotherPlan) {
  const Config config = three_workers("load_balance");
  const Model model = load_model(config.model);
  Planner planner(config, model);
  planner.begin_epoch({0, 1, 2}, profiles(model), bandwidth_);
  const scheduling::Plan all = planner.plan(0, Changes(1));
  EXPECT_FALSE(all.idle(1));
  planner.sent(0, planner.plan_of(0, all));
  planner.begin_epoch({0, 2}, profiles(model), bandwidth_);
  const scheduling::Plan again = planner.plan_of(0, all);
  EXPECT_TRUE(again.idle(1));
  EXPECT_FALSE(again.idle(0));
  EXPECT_FALSE(again.idle(2));
  EXPECT_EQ(planner.plan_of(1, all), again) << "it was read with the old plan, too";
  planner.sent(0, again);
  planner.finished({.frame = 0,
                    .run = {},
                    .stages = {{.worker = -1, .transfer = {.bytes = 4000000, .seconds = 1}},
                               {.worker = 0, .compute_s = 0.01, .transfer = {.bytes = 2000000, .seconds = 1}},
                               {.worker = 2, .compute_s = 0.01}}});
  EXPECT_EQ(planner.summary().bandwidth_bytes_per_s, (std::vector{4e6, 2e6}));
  EXPECT_EQ(planner.summary().devices.back().worker, 2);
  const scheduling::Plan next = planner.plan(3, Changes(1));
  EXPECT_TRUE(next.idle(1));
  EXPECT_EQ(planner.plan_of(3, next), next);
  EXPECT_EQ(planner.plan_of(1, all), again);
  planner.add_transfer(0, 2, {.bytes = 8000000, .seconds = 1});
  planner.add_transfer(1, 2, {.bytes = 100, .seconds = 1});
  EXPECT_NE(planner.summary().bandwidth_bytes_per_s[1], 100) << "that link is not on the route";
}

TEST_F(PlannerRouteTest, AFixedPlanGoesOnWithoutAWorker) {
  Config config = three_workers("fixed");
  const Model model = load_model(config.model);
  const int last = model.graph.size() - 1;
  config.schedule.plans = {{std::pair{1, 3}, std::pair{4, 6}, std::pair{7, last}}};
  Planner planner(config, model);
  planner.begin_epoch({0, 1, 2}, profiles(model), bandwidth_);
  EXPECT_EQ(planner.plan(0, Changes(1)).ends, (std::vector<LayerIndex>{4, 7, last + 1}));
  planner.begin_epoch({0, 2}, profiles(model), bandwidth_);
  EXPECT_EQ(planner.plan(3, Changes(1)).ends, (std::vector<LayerIndex>{7, 7, last + 1}));
  planner.begin_epoch({1}, profiles(model), bandwidth_);
  EXPECT_EQ(planner.plan(6, Changes(1)).ends, (std::vector<LayerIndex>{1, last + 1, last + 1}));
}

TEST_F(PlannerRouteTest, AWorkerIsTakenInIfItIsWorthIt) {
  const Config config = three_workers("data_aware");
  const Model model = load_model(config.model);
  Planner planner(config, model);
  planner.begin_epoch({0}, profiles(model), bandwidth_);
  planner.plan(0, Changes(1));
  EXPECT_TRUE(planner.is_worth({0, 1}, profiles(model), bandwidth_));
  std::vector<std::vector<double>> slow = profiles(model);
  for (double& seconds : slow[1]) seconds *= 1000;
  EXPECT_FALSE(planner.is_worth({0, 1}, slow, bandwidth_)) << "it would be idle";
  EXPECT_FALSE(planner.is_worth({0, 1}, profiles(model), {50e6, 1e3, std::nullopt})) << "over such a link";
}

TEST_F(PlannerRouteTest, WhatIsKnownOfDevicesOutlivesRoutes) {
  const Config config = three_workers("load_balance");
  const Model model = load_model(config.model);
  Planner planner(config, model);
  planner.begin_epoch({0, 1}, profiles(model), bandwidth_);
  planner.add_transfer(0, 1, {.bytes = 7000000, .seconds = 1});
  planner.begin_epoch({0, 2}, profiles(model), bandwidth_);
  planner.plan(0, Changes(1));
  EXPECT_EQ(planner.summary().bandwidth_bytes_per_s[1], 50e6);
  planner.begin_epoch({0, 1, 2}, profiles(model), bandwidth_);
  planner.plan(3, Changes(1));
  EXPECT_EQ(planner.summary().bandwidth_bytes_per_s, (std::vector{50e6, 7e6, 50e6}));
}

TEST(Planner, NamesTheFileOfAPlanThatDoesNotFit) {
  Config config = planned_workers();
  config.schedule.scheduler = "fixed";
  config.schedule.plans = {{std::pair{1, 3}, std::pair{5, 9}}};
  const Model model = load_model(config.model);
  try {
    const Planner planner(config, model);
    FAIL() << "layer 4 is nobody's";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("test.toml: plan in [schedule]"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace edge
