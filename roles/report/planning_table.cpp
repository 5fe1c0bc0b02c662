#include "roles/report/planning_table.h"

#include <fmt/format.h>

#include "roles/report/table.h"

namespace edge {
namespace {

constexpr std::size_t plan_columns = 34;

/// Long chains: the plan's begin.
std::string shortened(const std::string& plan) {
  return plan.size() <= plan_columns ? plan : plan.substr(0, plan_columns - 2) + "..";
}

std::string format_scheduler(const SchedulerEstimate& estimate, double own_s) {
  const std::string against = estimate.used ? "this run"
                              : own_s > 0   ? fmt::format("{:.2f}x", estimate.seconds_per_frame / own_s)
                                            : "-";
  return fmt::format("{:<26}{:>10}{:>10}   {}\n", estimate.name, format_seconds(estimate.seconds_per_frame),
                     against, shortened(estimate.plan));
}

}  // namespace

std::string format_planning(const PlanningSummary& summary) {
  if (summary.plans == 0 || summary.schedulers.empty()) return "";
  double own_s = 0;
  for (const SchedulerEstimate& estimate : summary.schedulers) {
    if (estimate.used) own_s = estimate.seconds_per_frame;
  }
  std::string text =
      fmt::format("\n{:<26}{:>10}{:>10}   {}\n", "by the model of this run", "per frame", "", "plan");
  for (const SchedulerEstimate& estimate : summary.schedulers) text += format_scheduler(estimate, own_s);
  text += fmt::format("planned {} groups in {} each (slowest {}); {} changed the plan\n", summary.plans,
                      format_seconds(summary.mean_planning_s), format_seconds(summary.slowest_planning_s),
                      summary.plan_changes);
  for (std::size_t i = 0; i < summary.devices.size(); ++i) {
    text += fmt::format("{}worker {}: link {:.1f} MB/s, takes {:.2f} of its profile\n",
                        i == 0 ? "measured  " : "          ", summary.devices[i].worker,
                        summary.bandwidth_bytes_per_s[i] / 1e6, summary.slowdown[i]);
  }
  if (summary.median_prediction_error) {
    text += fmt::format("groups finished when predicted: median error {:.1f} %\n",
                        100 * *summary.median_prediction_error);
  }
  return text;
}

}  // namespace edge
