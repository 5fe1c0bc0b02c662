#include "roles/master/group_judge.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
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

void GroupJudge::planned(std::uint64_t last_frame, double now, double predicted_s) {
  groups_.push_back({.last_frame = last_frame, .planned_at = now, .predicted_s = predicted_s});
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
  const std::uint64_t number = frame / group_frames_;
  const auto last = group_times_.find(number - std::min<std::uint64_t>(number, 1));
  const bool same_plan = last != group_times_.end() && last->second.plan == sent.plan;
  GroupTime& time =
      group_times_.try_emplace(number, GroupTime{.plan = sent.plan, .changes = {}}).first->second;
  time.changes.push_back(sent.change);
  time.seconds += frame_s;
  time.steady = time.steady && sent.steady && same_plan && time.plan == sent.plan;
  if (time.changes.size() < group_frames_) return;
  while (group_times_.begin()->first < number) group_times_.erase(group_times_.begin());
  if (!time.steady || !(time.seconds > 0) || config_.video.realtime) return;
  Costs now_known = costs_.of_group(time.changes);
  now_known.usual_delta_bytes.clear();
  now_known.usual_computed_part.clear();
  now_known.cached = scheduling::cached_after(now_known, sent.plan);
  const double modelled =
      scheduling::forecast(now_known, sent.plan, static_cast<std::size_t>(config_.schedule.pending))
          .later_group_s;
  if (!(modelled > 0)) return;
  spdlog::debug("group {}: {:.3f} s, {:.3f} s by the model of {}", number, time.seconds, modelled,
                scheduling::to_string(sent.plan));
  add_to_tried(sent.plan, time.seconds / modelled, number);
}

void GroupJudge::add_to_tried(const Plan& plan, double factor, std::uint64_t group) {
  auto tried = std::find_if(tried_.begin(), tried_.end(), [&](const Tried& one) { return one.plan == plan; });
  if (tried == tried_.end()) {
    if (tried_.size() == most_tried) tried_.erase(tried_.begin());
    tried_.push_back({.plan = plan, .factor = {}});
  } else {
    std::rotate(tried, tried + 1, tried_.end());
  }
  tried_.back().factor.add(factor);
  tried_.back().group = group;
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
