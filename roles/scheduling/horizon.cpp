// Looking further ahead than one group.
#include "roles/scheduling/horizon.h"

#include <algorithm>
#include <cassert>
#include <vector>

#include "roles/scheduling/optimum.h"
#include "roles/scheduling/pipeline_model.h"
#include "roles/scheduling/schedulers.h"

namespace edge::scheduling {
namespace {

constexpr std::size_t max_long_group = 9;  ///< frames; enough for the slowest stage to decide

/// A later group's: as is usual for the scene.
Costs of_later_groups(Costs costs) {
  if (costs.usual_delta_bytes.empty()) return costs;
  for (std::vector<double>& frame : costs.delta_bytes) frame = costs.usual_delta_bytes;
  return costs;
}

/// The costs of a group that finds everything in the caches and all stages free.
Costs with_full_caches(const Costs& costs) {
  Costs full = of_later_groups(costs);
  full.raw_bytes = full.delta_bytes;
  full.stage_ready.clear();
  return full;
}

/// The group several times over.
Costs repeated(Costs costs) {
  const std::vector<std::vector<double>> group = costs.delta_bytes;
  while (!group.empty() && costs.delta_bytes.size() + group.size() <= max_long_group) {
    costs.delta_bytes.insert(costs.delta_bytes.end(), group.begin(), group.end());
  }
  costs.raw_bytes = costs.delta_bytes;
  return costs;
}

std::vector<Plan> candidates(const Costs& costs) {
  const Costs full = with_full_caches(costs);
  std::vector<Plan> plans{find_optimum(PipelineModel(costs)).plan, find_optimum(PipelineModel(full)).plan,
                          find_optimum(PipelineModel(repeated(full))).plan, balanced_plan(costs)};
  for (std::size_t worker = 0; worker < costs.capacity.size(); ++worker) {
    Plan single;
    single.ends.assign(costs.capacity.size(), costs.layers());
    std::fill_n(single.ends.begin(), worker, 1);
    plans.push_back(std::move(single));
  }
  return plans;
}

}  // namespace

Forecast forecast(const Costs& costs, const Plan& plan, std::size_t pending) {
  assert(pending >= 1);
  Costs later = of_later_groups(costs);
  later.cached = cached_after(costs, plan);
  const StageTable cost = PipelineModel(later).stage_costs(plan);
  std::vector<double> group(cost.front().size());
  double all = 0;
  for (const std::vector<double>& frame : cost) {
    for (std::size_t stage = 0; stage < frame.size(); ++stage) {
      group[stage] += frame[stage];
      all += frame[stage];
    }
  }
  const double slowest = *std::max_element(group.begin(), group.end());
  return {.first_group_s = PipelineModel(costs).finish(plan),
          .later_group_s = std::max(slowest, all / static_cast<double>(pending))};
}

ChangeOfPlan weigh_change(const Costs& costs, const Plan& current, const Plan& candidate,
                          const Horizon& horizon) {
  if (current == candidate) return {};
  const Forecast now = forecast(costs, current, horizon.pending);
  const Forecast then = forecast(costs, candidate, horizon.pending);
  Costs filled = costs;
  filled.cached = cached_after(costs, candidate);
  ChangeOfPlan change;
  change.gain_s = horizon.groups * (now.later_group_s - then.later_group_s);
  change.refill_s = std::max(0.0, then.first_group_s - PipelineModel(filled).finish(candidate));
  change.worth_it = change.gain_s > change.refill_s + horizon.margin * horizon.groups * now.later_group_s;
  return change;
}

Advice advise(const Costs& costs, const std::optional<Plan>& current, const Horizon& horizon) {
  const std::vector<Plan> plans = candidates(costs);
  const auto total = [&](const Plan& plan) {
    const Forecast expected = forecast(costs, plan, horizon.pending);
    return expected.first_group_s + (horizon.groups - 1) * expected.later_group_s;
  };
  const Plan* best = &plans.front();
  double least = total(*best);
  for (const Plan& plan : plans) {
    if (const double seconds = total(plan); seconds < least) {
      least = seconds;
      best = &plan;
    }
  }
  if (!current) return {.plan = *best, .saved_part = 1};
  const ChangeOfPlan change = weigh_change(costs, *current, *best, horizon);
  if (!change.worth_it) return {.plan = *current};
  const double stay = horizon.groups * forecast(costs, *current, horizon.pending).later_group_s;
  return {.plan = *best, .saved_part = stay > 0 ? (change.gain_s - change.refill_s) / stay : 0};
}

}  // namespace edge::scheduling
