// The part of the final table about planning, as exact text.
#include <gtest/gtest.h>

#include "roles/report/planning_table.h"

namespace edge {
namespace {

TEST(PlanningTable, NothingWithoutPlans) {
  EXPECT_EQ(format_planning({}), "");
}

TEST(PlanningTable, ComparesSchedulers) {
  const PlanningSummary summary{
      .schedulers = {{.name = "data_aware", .plan = "1-6 | 7-13", .seconds_per_frame = 0.1, .used = true},
                     {.name = "load_balance", .plan = "1-4 | 5-13", .seconds_per_frame = 0.25}},
      .plans = 10,
      .plan_changes = 1,
      .mean_planning_s = 0.0002,
      .slowest_planning_s = 0.001,
      .median_prediction_error = 0.0731,
      .bandwidth_bytes_per_s = {2.96e6, 1e7},
      .slowdown = {1, 1.25},
      .devices = {{.worker = 0}, {.worker = 1}}};
  EXPECT_EQ(format_planning(summary),
            "\n"
            "by the model of this run   per frame             plan\n"
            "data_aware                    100 ms  this run   1-6 | 7-13\n"
            "load_balance                  250 ms     2.50x   1-4 | 5-13\n"
            "planned 10 groups in 0.20 ms each (slowest 1.00 ms); 1 changed the plan\n"
            "measured  worker 0: link 3.0 MB/s, takes 1.00 of its profile\n"
            "          worker 1: link 10.0 MB/s, takes 1.25 of its profile\n"
            "groups finished when predicted: median error 7.3 %\n");
}

}  // namespace
}  // namespace edge
