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

const TriedPlan* find_tried(const Costs& costs, const Plan& plan) {
  const auto found = std::find_if(costs.tried.begin(), costs.tried.end(),
                                  [&](const TriedPlan& tried) { return tried.plan == plan; });
  return found != costs.tried.end() ? &*found : nullptr;
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
  for (const TriedPlan& tried : costs.tried) plans.push_back(tried.plan);
  return plans;
}

}  // namespace

Forecast forecast(const Costs& costs, const Plan& plan, std::size_t pending) {
  assert(pending >= 1);
  Costs later = of_later_groups(costs);
  later.cached = cached_after(costs, plan);
  const StageTable cost = believed_stage_costs(PipelineModel(later), plan);
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

double believed_group_s(const Costs& costs, const Plan& plan, const std::optional<Plan>& current,
                        std::size_t pending) {
  const double by_model = forecast(costs, plan, pending).later_group_s;
  if (const TriedPlan* const tried = find_tried(costs, plan)) return by_model * tried->factor;
  const TriedPlan* const reference = current ? find_tried(costs, *current) : nullptr;
  return by_model * (reference != nullptr ? std::max(1.0, reference->factor) : 1.0);
}

ChangeOfPlan weigh_change(const Costs& costs, const Plan& current, const Plan& candidate,
                          const Horizon& horizon) {
  if (current == candidate) return {};
  const double now_s = believed_group_s(costs, current, current, horizon.pending);
  const double then_s = believed_group_s(costs, candidate, current, horizon.pending);
  Costs filled = costs;
  filled.cached = cached_after(costs, candidate);
  ChangeOfPlan change;
  change.gain_s = horizon.groups * (now_s - then_s);
  change.refill_s =
      std::max(0.0, PipelineModel(costs).finish(candidate) - PipelineModel(filled).finish(candidate));
  const double margin = find_tried(costs, candidate) != nullptr ? horizon.margin : horizon.doubt;
  change.worth_it = change.gain_s > change.refill_s + margin * horizon.groups * now_s;
  return change;
}

Advice advise(const Costs& costs, const std::optional<Plan>& current, const Horizon& horizon) {
  const std::vector<Plan> plans = candidates(costs);
  const Plan* best = nullptr;
  double least = 0;
  ChangeOfPlan change;
  for (const Plan& plan : plans) {
    const double first_s = forecast(costs, plan, horizon.pending).first_group_s;
    const double later_s = believed_group_s(costs, plan, current, horizon.pending);
    const double total = first_s + (horizon.groups - 1) * later_s;
    if (best != nullptr && total >= least) continue;
    // Without a plan in use, the best is taken; else the best of those that are worth the change.
    if (current && plan != *current) {
      const ChangeOfPlan weighed = weigh_change(costs, *current, plan, horizon);
      if (!weighed.worth_it) continue;
      change = weighed;
    } else if (current) {
      continue;
    }
    best = &plan;
    least = total;
  }
  if (!current) return {.plan = *best, .saved_part = 1};
  if (best == nullptr) return {.plan = *current};
  const double stay = horizon.groups * believed_group_s(costs, *current, current, horizon.pending);
  return {.plan = *best,
          .saved_part = stay > 0 ? (change.gain_s - change.refill_s) / stay : 0,
          .refill_s = change.refill_s};
}

}  // namespace edge::scheduling
