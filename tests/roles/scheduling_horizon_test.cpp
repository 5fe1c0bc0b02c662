// Changes of plan: worth it only if the gain over the remaining frames beats filling the caches anew.
#include <gtest/gtest.h>

#include "roles/scheduling/horizon.h"
#include "roles/scheduling/pipeline_model.h"
#include "roles/scheduling/scheduler.h"
#include "scheduling_support.h"

namespace edge::scheduling {
namespace {

const Plan after_first{{2, 4}};   // worker 0 runs layer 1
const Plan after_second{{3, 4}};  // and 2

/// after_second sends less in the long run (1 s instead of 2 per frame), but costs 20 s once.
Costs two_cuts() {
  Costs costs{.layer_cost = {0, 0.1, 0.1, 0.1}, .capacity = {1, 1}, .bandwidth = {1, 1}};
  costs.raw_bytes = {{1, 20, 20, 20}};
  costs.delta_bytes = {{0.1, 2, 1, 20}};
  costs.cached = {{0}, {1}};
  return costs;
}

TEST(WeighChange, RefillAgainstGain) {
  const Horizon soon_over{.groups = 10, .pending = 3};
  const ChangeOfPlan dear = weigh_change(two_cuts(), after_first, after_second, soon_over);
  EXPECT_NEAR(dear.refill_s, 19, 1e-9);
  EXPECT_NEAR(dear.gain_s, 10, 1e-9);
  EXPECT_FALSE(dear.worth_it);
  const Horizon long_run{.groups = 100, .pending = 3};
  EXPECT_TRUE(weigh_change(two_cuts(), after_first, after_second, long_run).worth_it);
  EXPECT_FALSE(weigh_change(two_cuts(), after_second, after_first, long_run).worth_it);
  EXPECT_FALSE(weigh_change(two_cuts(), after_first, after_first, long_run).worth_it);
}

TEST(WeighChange, NoiseChangesNothing) {
  Costs costs = two_cuts();
  costs.tried = {{.plan = after_first}, {.plan = after_second}};
  costs.delta_bytes[0][2] = 1.98;
  const Horizon horizon{.groups = 1e6, .pending = 3, .margin = 0.02};
  EXPECT_FALSE(weigh_change(costs, after_first, after_second, horizon).worth_it);
  costs.delta_bytes[0][2] = 1.9;
  EXPECT_TRUE(weigh_change(costs, after_first, after_second, horizon).worth_it);
}

/// What was measured counts, whatever the model says.
TEST(WeighChange, MeasuredPlans) {
  const Horizon horizon{.groups = 100, .pending = 3};
  Costs costs = two_cuts();
  ASSERT_TRUE(weigh_change(costs, after_first, after_second, horizon).worth_it);
  costs.tried = {{.plan = after_first, .factor = 1}, {.plan = after_second, .factor = 3}};
  EXPECT_FALSE(weigh_change(costs, after_first, after_second, horizon).worth_it);
  EXPECT_TRUE(weigh_change(costs, after_second, after_first, horizon).worth_it);
  // What slows the current plan down is expected of one that was not tried, too.
  costs.tried = {{.plan = after_first, .factor = 1.5}};
  const std::optional<Plan> current = after_first;
  EXPECT_NEAR(Outlook(costs, current, horizon).group_s(after_second), 1.5, 1e-9);
  costs.tried[0].factor = 0.5;
  EXPECT_NEAR(Outlook(costs, current, horizon).group_s(after_second), 1, 1e-9);
}

/// The better a plan might be, the longer it would serve and the less it costs to find out, the rather it is
/// tried.
TEST(WeighChange, TriesWhatMayBeBetter) {
  Costs costs = two_cuts();
  costs.raw_bytes = costs.delta_bytes;
  costs.delta_bytes[0][2] = costs.raw_bytes[0][2] = 2.05;  // a little worse, says the model
  const Horizon long_run{.groups = 100, .pending = 3};
  EXPECT_TRUE(weigh_change(costs, after_first, after_second, long_run).worth_it);
  EXPECT_FALSE(weigh_change(costs, after_first, after_second, {.groups = 2, .pending = 3}).worth_it);
  costs.raw_bytes[0][2] = costs.raw_bytes[0][1] = 500;
  EXPECT_FALSE(weigh_change(costs, after_first, after_second, long_run).worth_it);
  costs.raw_bytes = costs.delta_bytes;
  costs.delta_bytes[0][2] = costs.raw_bytes[0][2] = 3;
  EXPECT_FALSE(weigh_change(costs, after_first, after_second, long_run).worth_it);
}

TEST(Forecast, SlowestStageOrFramesInFlight) {
  const Forecast many = forecast(two_cuts(), after_first, 10);
  EXPECT_NEAR(many.later_group_s, 2, 1e-12);
  const Forecast one = forecast(two_cuts(), after_first, 1);
  EXPECT_NEAR(one.later_group_s, 0.1 + 0.1 + 2 + 0.2, 1e-12);
  EXPECT_NEAR(one.first_group_s, PipelineModel(two_cuts()).finish(after_first), 1e-12);
}

/// One wild group must not drive a plan away that is good for what is usual.
TEST(Forecast, LaterGroupsAreAsUsual) {
  Costs costs = two_cuts();
  costs.usual_delta_bytes = {{0.1, 0.5, 1, 20}};
  EXPECT_NEAR(forecast(costs, after_first, 10).later_group_s, 0.5, 1e-12);
  EXPECT_NEAR(forecast(costs, after_first, 10).first_group_s,
              forecast(two_cuts(), after_first, 10).first_group_s, 1e-12);
  const Horizon long_run{.groups = 100, .pending = 3};
  EXPECT_FALSE(weigh_change(costs, after_first, after_second, long_run).worth_it);
}

TEST(DataAware, BelievesASmallGainTheSecondTimeOnly) {
  Costs costs = two_cuts();
  costs.layer_cost = {0, 1, 1, 1};
  const SchedulerOptions options{
      .side = "edge", .plans = {}, .horizon = Horizon{.groups = 1000, .pending = 3}};
  costs.tried = {{.plan = after_first}, {.plan = after_second}};
  costs.delta_bytes = {{0.1, 2, 20, 20}};
  const auto scheduler = make_scheduler("data_aware", options);
  ASSERT_EQ(scheduler->plan(costs, 0), after_first);
  costs.layer_cost = {0, 1, 0.7, 1};
  costs.delta_bytes = {{0.1, 2, 1.8, 20}};  // a little better
  EXPECT_EQ(scheduler->plan(costs, 1), after_first);
  EXPECT_EQ(scheduler->plan(costs, 2), after_second);
  costs.delta_bytes = {{0.1, 0.5, 20, 20}};  // much better
  EXPECT_EQ(scheduler->plan(costs, 3), after_first);
}

/// A scheduler that minds only the next group never leaves the cut whose caches are filled.
TEST(PlanAhead, LeavesALocalOptimum) {
  Costs costs = two_cuts();
  costs.layer_cost = {0, 0.1, 0.1, 5};
  costs.capacity = {1, 100};
  costs.bandwidth = {100, 1};
  costs.raw_bytes[0][0] = costs.delta_bytes[0][0] = 30;
  EXPECT_EQ(to_string(make_scheduler("data_aware", {})->plan(costs, 0)), "1 | 2-3");
  EXPECT_EQ(to_string(plan_ahead(costs, after_first, {.groups = 5})), "1 | 2-3");
  EXPECT_EQ(to_string(plan_ahead(costs, after_first, {.groups = 100})), "1-2 | 3");
  EXPECT_EQ(to_string(plan_ahead(costs, std::nullopt, {.groups = 100})), "1-2 | 3");
}

/// Fluctuating measurements: the plan stays.
TEST(PlanAhead, IsSteady) {
  Random random(7);
  const Costs costs = random_costs(random, {.workers = 3, .layers = 20, .frames = 3}, true);
  const auto scheduler = make_scheduler("data_aware", {.side = "edge", .plans = {}, .horizon = Horizon{}});
  Costs now = costs;
  const Plan first = scheduler->plan(now, 0);
  now.cached = cached_after(now, first);
  const Plan second = scheduler->plan(now, 1);
  int changes = 0;
  Plan plan = second;
  for (std::uint64_t group = 2; group < 40; ++group) {
    now.cached = cached_after(now, plan);
    for (double& cost : now.layer_cost) cost *= uniform(random, 0.99, 1.01);
    for (std::size_t i = 0; i < now.bandwidth.size(); ++i) {
      now.bandwidth[i] = costs.bandwidth[i] * uniform(random, 0.99, 1.01);
    }
    const Plan next = scheduler->plan(now, group);
    changes += next == plan ? 0 : 1;
    plan = next;
  }
  EXPECT_LE(changes, 1);
}

/// A device that becomes half as fast is relieved.
TEST(PlanAhead, FollowsARealChange) {
  Costs costs{.layer_cost = {0, 1, 1, 1, 1}, .capacity = {1, 1}, .bandwidth = {1e6, 1e6}};
  costs.raw_bytes = costs.delta_bytes = {{1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}};
  const auto scheduler = make_scheduler("data_aware", {.side = "edge", .plans = {}, .horizon = Horizon{}});
  EXPECT_EQ(to_string(scheduler->plan(costs, 0)), "1-2 | 3-4");
  costs.capacity[1] = 0.5;
  EXPECT_EQ(to_string(scheduler->plan(costs, 1)), "1-3 | 4");
}

TEST(NeighborhoodSearch, MovesTheDearestCut) {
  Costs costs{.layer_cost = {0, 1, 1, 1, 1}, .capacity = {1, 1}, .bandwidth = {100, 1}};
  costs.raw_bytes = costs.delta_bytes = {{1, 9, 9, 0.1, 9}};
  const auto scheduler = make_scheduler("neighborhood_search", {});
  EXPECT_EQ(to_string(make_scheduler("load_balance", {})->plan(costs, 0)), "1-2 | 3-4");
  EXPECT_EQ(to_string(scheduler->plan(costs, 0)), "1-4 | -");
  costs.capacity = {1, 100};
  EXPECT_EQ(to_string(scheduler->plan(costs, 1)), "- | 1-4");
  costs.capacity = {100, 1};
  EXPECT_EQ(to_string(scheduler->plan(costs, 2)), "- | 1-4") << "only groups 0 and 1 are planned";
}

TEST(NeighborhoodSearch, NeverWorseThanItsStart) {
  Random random(8);
  for (int run = 0; run < 200; ++run) {
    const Size size{.workers = 1 + random() % 6, .layers = 2 + random() % 12, .frames = 1 + random() % 3};
    const Costs costs = random_costs(random, size, run % 2 == 0);
    const PipelineModel model(costs);
    const Plan plan = make_scheduler("neighborhood_search", {})->plan(costs, 0);
    ASSERT_EQ(plan_from_ranges(ranges_of(plan), model.layers(), model.workers(), "plan"), plan);
    ASSERT_LE(model.finish(plan), model.finish(make_scheduler("load_balance", {})->plan(costs, 0)));
  }
}

}  // namespace
}  // namespace edge::scheduling
