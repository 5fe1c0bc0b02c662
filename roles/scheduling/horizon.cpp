// Looking further ahead than one group.
#include "roles/scheduling/horizon.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "roles/scheduling/optimum.h"
#include "roles/scheduling/pipeline_model.h"
#include "roles/scheduling/schedulers.h"

namespace edge::scheduling {
namespace {

constexpr std::size_t max_long_group = 9;  ///< frames; enough for the slowest stage to decide

/// Of hundreds of cuts, none of which was measured, the best is the one that is flattered most: to begin with
/// it must be better than a single device by so many times the doubt.
constexpr double first_doubts = 1.5;
constexpr double groups_of_a_try = 3;  // until its results are there

std::vector<double> mean_of(const std::vector<std::vector<double>>& rows) {
  std::vector<double> mean(rows.front().size());
  for (const std::vector<double>& row : rows) {
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += row[i] / static_cast<double>(rows.size());
  }
  return mean;
}

/// Without what tells of the time before the group.
Costs without_past(const Costs& costs) {
  Costs rest = costs;
  rest.usual_delta_bytes.clear();
  rest.usual_dirty_share.clear();
  rest.stage_ready.clear();
  rest.keeps_all = true;
  return rest;
}

/// The costs of a group that finds everything in the caches and all stages free, as is usual for the scene.
Costs with_full_caches(const Costs& costs) {
  Costs full = without_past(costs);
  if (!costs.usual_delta_bytes.empty()) {
    for (std::vector<double>& frame : full.delta_bytes) frame = mean_of(costs.usual_delta_bytes);
  }
  full.raw_bytes = full.delta_bytes;
  if (!costs.usual_dirty_share.empty()) {
    full.dirty_share.assign(full.frames(), mean_of(costs.usual_dirty_share));
  }
  return full;
}

/// Frames in the long run, each on its own: they find what they need in the caches.
std::vector<Costs> usual_frames(const Costs& costs) {
  const bool usual = !costs.usual_delta_bytes.empty();
  const auto& bytes = usual ? costs.usual_delta_bytes : costs.delta_bytes;
  const auto& shares = usual ? costs.usual_dirty_share : costs.dirty_share;
  Costs frame = without_past(costs);
  frame.delta_bytes.clear();
  frame.raw_bytes.clear();
  frame.dirty_share.clear();
  std::vector<Costs> frames(std::max<std::size_t>(bytes.size(), 1), frame);
  for (std::size_t i = 0; i < bytes.size(); ++i) frames[i].delta_bytes = frames[i].raw_bytes = {bytes[i]};
  for (std::size_t i = 0; i < std::min(frames.size(), shares.size()); ++i)
    frames[i].dirty_share = {shares[i]};
  return frames;
}

double steady_frame_s(const PipelineModel& frame, const Plan& plan, std::size_t pending) {
  const StageTable cost = believed_stage_costs(frame, plan);
  double slowest = 0;
  double all = 0;
  for (const double seconds : cost.front()) {
    slowest = std::max(slowest, seconds);
    all += seconds;
  }
  return std::max(slowest, (all + frame.costs().return_s) / static_cast<double>(pending));
}

/// The standard normal distribution.
double density(double x) {
  return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
}
double distribution(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

/// The group several times over.
Costs repeated(Costs costs) {
  const auto repeat = [](std::vector<std::vector<double>>& rows) {
    const std::vector<std::vector<double>> group = rows;
    while (!group.empty() && rows.size() + group.size() <= max_long_group) {
      rows.insert(rows.end(), group.begin(), group.end());
    }
  };
  repeat(costs.delta_bytes);
  repeat(costs.dirty_share);
  costs.raw_bytes = costs.delta_bytes;
  return costs;
}

std::vector<Plan> candidates(const Costs& costs) {
  const Costs full = with_full_caches(costs);
  std::vector<Plan> plans{find_optimum(PipelineModel(costs)).plan, find_optimum(PipelineModel(full)).plan,
                          find_optimum(PipelineModel(repeated(full))).plan, balanced_plan(costs),
                          neighborhood_plan(full)};
  for (std::size_t worker = 0; worker < costs.capacity.size(); ++worker) {
    Plan single;
    single.ends.assign(costs.capacity.size(), costs.layers());
    std::fill_n(single.ends.begin(), worker, 1);
    plans.push_back(std::move(single));
  }
  for (const TriedPlan& tried : costs.tried) plans.push_back(tried.plan);
  return plans;
}

/// Whether several workers share the layers.
bool is_cut(const Plan& plan) {
  int active = 0;
  for (int worker = 0; worker < plan.workers(); ++worker) active += plan.idle(worker) ? 0 : 1;
  return active > 1;
}

}  // namespace

Forecast forecast(const Costs& costs, const Plan& plan, std::size_t pending) {
  assert(pending >= 1);
  const std::vector<Costs> frames = usual_frames(costs);
  double later_s = 0;
  for (const Costs& frame : frames) later_s += steady_frame_s(PipelineModel(frame), plan, pending);
  return {
      .first_group_s = PipelineModel(costs).finish(plan),
      .later_group_s = later_s / static_cast<double>(frames.size()) * static_cast<double>(costs.frames())};
}

Outlook::Outlook(const Costs& costs, const std::optional<Plan>& current, const Horizon& horizon)
    : costs_(costs), current_(current), horizon_(horizon), usual_(usual_frames(costs)) {
  for (const Costs& frame : usual_) models_.emplace_back(frame);
  if (current_) now_s_ = group_s(*current_);
}

const TriedPlan* Outlook::find(const Plan& plan) const {
  const auto found = std::find_if(costs_.tried.begin(), costs_.tried.end(),
                                  [&](const TriedPlan& tried) { return tried.plan == plan; });
  return found != costs_.tried.end() ? &*found : nullptr;
}

double Outlook::by_model(const Plan& plan) const {
  double seconds = 0;
  for (const PipelineModel& model : models_) seconds += steady_frame_s(model, plan, horizon_.pending);
  return seconds / static_cast<double>(models_.size()) * static_cast<double>(costs_.frames());
}

double Outlook::group_s(const Plan& plan) const {
  if (const TriedPlan* const tried = find(plan)) return by_model(plan) * tried->factor;
  const TriedPlan* const reference = current_ ? find(*current_) : nullptr;
  return by_model(plan) * (reference != nullptr ? std::max(1.0, reference->factor) : 1.0);
}

/// What a group is later for the whole tensors of its first frame if the plan before was `from`.
double Outlook::refill_s(const Plan& from, const Plan& to) const {
  Costs before = costs_;
  before.cached = cached_after(costs_, from);
  Costs filled = costs_;
  filled.cached = cached_after(before, to);
  before.kept = kept_after(costs_, from);
  filled.kept = kept_after(before, to);
  return std::max(0.0, PipelineModel(before).finish(to) - PipelineModel(filled).finish(to));
}

ChangeOfPlan Outlook::weigh(const Plan& candidate) const {
  assert(current_);
  ChangeOfPlan change;
  if (candidate == *current_) return change;
  const double gain_s = now_s_ - group_s(candidate);
  change.tried = find(candidate) != nullptr;
  change.gain_s = horizon_.groups * gain_s;
  // Far from worth it: not looked at any closer.
  const double doubt_s = change.tried ? 0 : horizon_.doubt * now_s_;
  if (gain_s < -2 * doubt_s) return change;
  change.refill_s = refill_s(*current_, candidate);
  const double margin_s = (change.tried ? 1.5 : 1) * horizon_.margin * horizon_.groups * now_s_;
  change.value_s = change.gain_s - change.refill_s - margin_s;
  if (doubt_s > 0) {
    const double z = gain_s / doubt_s;
    const double hoped_s = doubt_s * (density(z) + z * distribution(z));  // the mean of max(gain, 0)
    const double feared_s = hoped_s - gain_s;                             // and of max(-gain, 0)
    change.value_s = horizon_.groups * hoped_s - change.refill_s -
                     (1 - distribution(z)) * refill_s(candidate, *current_) - groups_of_a_try * feared_s -
                     margin_s;
  }
  change.worth_it = change.value_s > 0;
  return change;
}

ChangeOfPlan weigh_change(const Costs& costs, const Plan& current, const Plan& candidate,
                          const Horizon& horizon) {
  const std::optional<Plan> in_use = current;
  return Outlook(costs, in_use, horizon).weigh(candidate);
}

Advice advise(const Costs& costs, const std::optional<Plan>& current, const Horizon& horizon) {
  const std::vector<Plan> plans = candidates(costs);
  const Outlook outlook(costs, current, horizon);
  if (current) {
    Advice advice{.plan = *current, .saved_part = 0, .change = {}, .group_s = outlook.group_s(*current)};
    for (const Plan& plan : plans) {
      const ChangeOfPlan change = outlook.weigh(plan);
      if (change.worth_it && change.value_s > advice.change.value_s) {
        advice.plan = plan;
        advice.change = change;
      }
    }
    const double stay = horizon.groups * advice.group_s;
    if (stay > 0) advice.saved_part = advice.change.value_s / stay;
    return advice;
  }
  const Plan* best = &plans.front();
  double least = std::numeric_limits<double>::infinity();
  for (const Plan& plan : plans) {
    const double flattered = is_cut(plan) ? 1 + first_doubts * horizon.doubt : 1;
    const double total =
        PipelineModel(costs).finish(plan) + (horizon.groups - 1) * outlook.group_s(plan) * flattered;
    if (total >= least) continue;
    best = &plan;
    least = total;
  }
  return {.plan = *best, .saved_part = 1, .change = {}, .group_s = outlook.group_s(*best)};
}

}  // namespace edge::scheduling
