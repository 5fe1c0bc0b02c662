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
    planner_.begin_epoch({std::vector<double>(layers, 1e-3), std::vector<double>(layers, factor * 1e-3)},
                         {1e6, 1e6});
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
