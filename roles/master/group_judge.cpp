#include "roles/master/group_judge.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <utility>

#include "roles/scheduling/horizon.h"

namespace edge {

using scheduling::Costs;
using scheduling::Plan;

namespace {

constexpr std::size_t most_predictions = 1000;  // that are judged
constexpr std::size_t most_tried = 12;          // plans that are remembered
constexpr std::size_t frames_of_late = 120;

double median_of_errors(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

GroupJudge::GroupJudge(const Config& config, const ChainCosts& costs)
    : config_(config), costs_(costs), group_frames_(static_cast<std::size_t>(config.schedule.group_size)) {}

void GroupJudge::begin_epoch(bool other_route) {
  if (other_route) tried_.clear();
  groups_.clear();
  group_times_.clear();
  last_result_at_.reset();
}

void GroupJudge::planned(const Group& group) {
  groups_.push_back(group);
  group_times_[group.first_frame] = {.frames = group.frames};
}

void GroupJudge::finished(std::uint64_t frame, const Sent& sent, double now) {
  judge_prediction(frame, now);
  judge_plan(frame, sent, now);
}

void GroupJudge::judge_prediction(std::uint64_t frame, double now) {
  while (!groups_.empty() && groups_.front().last_frame <= frame) {
    const Group& group = groups_.front();
    const double measured = now - group.planned_at;
    // A source that plays at its own rate, not the chain, decides when a group is finished.
    if (group.last_frame == frame && measured > 0 && !config_.video.realtime) {
      spdlog::debug("group up to frame {}: finished after {:.3f} s, {:.3f} s were predicted", frame, measured,
                    group.predicted_s);
      prediction_errors_.push_back(std::abs(group.predicted_s - measured) / measured);
      if (prediction_errors_.size() > most_predictions) prediction_errors_.erase(prediction_errors_.begin());
    }
    groups_.pop_front();
  }
}

/// How long groups take by a plan that has been in use for more than one group, whose frames follow each
/// other: against what the model says of them by now, so that what was learnt from them does not count twice.
void GroupJudge::judge_plan(std::uint64_t frame, const Sent& sent, double now) {
  const bool follows = last_result_at_.has_value();
  const double before = std::exchange(last_result_at_, now).value_or(now);
  const double frame_s = config_.schedule.pending == 1 ? now - sent.at : now - before;
  if (sent.busy && (follows || config_.schedule.pending == 1)) {
    frame_times_.push_back(frame_s);
    if (frame_times_.size() > frames_of_late) frame_times_.pop_front();
  }
  auto group = group_times_.upper_bound(frame);
  if (group == group_times_.begin()) return;  // it was planned in another epoch
  --group;
  const bool same_plan = group != group_times_.begin() && std::prev(group)->second.plan == sent.plan;
  GroupTime& time = group->second;
  if (time.changes.empty()) time.plan = sent.plan;
  time.changes.push_back(sent.change);
  time.seconds += frame_s;
  time.steady = time.steady && sent.steady && same_plan && time.plan == sent.plan;
  if (time.changes.size() != time.frames) return;
  group_times_.erase(group_times_.begin(), group);
  const std::uint64_t number = group->first / group_frames_;
  if (!time.steady || !(time.seconds > 0) || config_.video.realtime) return;
  add_to_tried(time, number);
}

/// With everything in the caches.
double GroupJudge::modelled_s(const Plan& plan, const std::vector<FrameChange>& changes) const {
  Costs costs = costs_.of_group(changes);
  costs.usual_delta_bytes.clear();
  costs.usual_dirty_share.clear();
  costs.cached = scheduling::cached_after(costs, plan);
  return scheduling::forecast(costs, plan, static_cast<std::size_t>(config_.schedule.pending)).later_group_s;
}

/// Otherwise what is learnt of the devices from the same groups would count twice.
void GroupJudge::follow_model(Tried& tried) const {
  const double now_s = modelled_s(tried.plan, tried.changes);
  if (!(now_s > 0)) return;
  tried.factor.scale(tried.modelled_s / now_s);
  tried.modelled_s = now_s;
}

void GroupJudge::costs_changed() {
  if (!tried_.empty()) follow_model(tried_.back());
}

void GroupJudge::add_to_tried(const GroupTime& time, std::uint64_t group) {
  const double by_model_s = modelled_s(time.plan, time.changes);
  if (!(by_model_s > 0)) return;
  spdlog::debug("group {}: {:.3f} s, {:.3f} s by the model of {}", group, time.seconds, by_model_s,
                scheduling::to_string(time.plan));
  auto tried =
      std::find_if(tried_.begin(), tried_.end(), [&](const Tried& one) { return one.plan == time.plan; });
  if (tried == tried_.end()) {
    if (tried_.size() == most_tried) tried_.erase(tried_.begin());
    tried_.push_back({.plan = time.plan, .factor = {}, .changes = {}});
  } else {
    std::rotate(tried, tried + 1, tried_.end());
    follow_model(tried_.back());
  }
  Tried& newest = tried_.back();
  newest.factor.add(time.seconds / by_model_s);
  newest.group = group;
  newest.changes = time.changes;
  newest.modelled_s = by_model_s;
}

std::vector<scheduling::TriedPlan> GroupJudge::tried(std::uint64_t group) const {
  std::vector<scheduling::TriedPlan> plans;
  for (const Tried& tried : tried_) {
    plans.push_back({.plan = tried.plan,
                     .factor = *tried.factor.value(),
                     .groups_ago = static_cast<double>(group - std::min(group, tried.group))});
  }
  return plans;
}

std::optional<double> GroupJudge::median_error() const {
  if (prediction_errors_.empty()) return std::nullopt;
  return median_of_errors(prediction_errors_);
}

std::optional<double> GroupJudge::chain_frame_s() const {
  if (frame_times_.empty() || config_.video.realtime) return std::nullopt;
  return std::accumulate(frame_times_.begin(), frame_times_.end(), 0.0) /
         static_cast<double>(frame_times_.size());
}

}  // namespace edge
