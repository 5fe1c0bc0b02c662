#include "roles/master/planner.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include "net/steady_time.h"
#include "roles/scheduling/pipeline_model.h"

namespace edge {

using scheduling::Costs;
using scheduling::PipelineModel;
using scheduling::Plan;
using std::chrono::steady_clock;

namespace {

constexpr double longest_horizon_groups = 20;
constexpr double shortest_s = 1e-6;  // that is told apart from no time

scheduling::Horizon horizon(const Config& config) {
  scheduling::Horizon horizon{.groups = longest_horizon_groups,
                              .pending = static_cast<std::size_t>(config.schedule.pending)};
  if (config.video.frames > 0) {
    horizon.groups_in_all = std::ceil(static_cast<double>(config.video.frames) / config.schedule.group_size);
    horizon.groups = std::min(horizon.groups, horizon.groups_in_all);
  }
  return horizon;
}

std::unique_ptr<scheduling::Scheduler> open_scheduler(const Config& config, const Model& model) {
  scheduling::SchedulerOptions options{.side = config.schedule.side, .plans = {}, .horizon = horizon(config)};
  for (const auto& ranges : config.schedule.plans) {
    options.plans.push_back(
        scheduling::plan_from_ranges(ranges, model.graph.size(), static_cast<int>(config.workers.size()),
                                     fmt::format("{}: plan in [schedule]", config.file.string())));
  }
  return scheduling::make_scheduler(config.schedule.scheduler, options);
}

std::vector<double> megabytes_per_s(std::vector<double> bytes_per_s) {
  for (double& value : bytes_per_s) value /= 1e6;
  return bytes_per_s;
}

}  // namespace

double Planner::steady_clock_s() {
  return net::steady_seconds(steady_clock::now());
}

Planner::Planner(const Config& config, const Model& model, Clock clock)
    : config_(config),
      now_s_(std::move(clock)),
      group_frames_(static_cast<std::size_t>(config.schedule.group_size)),
      scheduler_(open_scheduler(config, model)),
      costs_(config, model),
      judge_(config, costs_),
      clock_(static_cast<int>(config.workers.size())) {}

void Planner::begin_epoch(std::vector<std::vector<double>> profiles,
                          std::vector<std::optional<double>> bandwidth) {
  const std::lock_guard lock(mutex_);
  costs_.begin_epoch(std::move(profiles), std::move(bandwidth));
  judge_.begin_epoch();
  clock_.forget_frames();
  sent_.clear();
  room_since_.reset();
}

void Planner::set_predictor(std::shared_ptr<const prediction::TransferPredictor> predictor) {
  const std::lock_guard lock(mutex_);
  costs_.set_predictor(std::move(predictor));
}

void Planner::add_transfer(int worker, const net::Transfer& transfer) {
  const std::lock_guard lock(mutex_);
  costs_.add_transfer(worker, transfer);
}

// mutex_ is held.
Costs Planner::costs(const std::vector<FrameChange>& changes) const {
  Costs costs = costs_.of_group(changes);
  costs.tried = judge_.tried(group_first_ / group_frames_);
  return costs;
}

/// Which of the group's frames are sent, as far as that is known; group_rows_ says where they are in what is
/// known of them. mutex_ is held.
GroupJudge::Group Planner::frames_to_send(std::uint64_t first, const std::vector<FrameChange>& changes) {
  GroupJudge::Group group;
  group_first_ = first;
  group_rows_.clear();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    group_rows_.push_back(group.frames);
    if (changes[i].unchanged) continue;
    if (group.frames == 0) group.first_frame = first + i;
    group.last_frame = first + i;
    ++group.frames;
  }
  return group;
}

/// Seconds from now until the result of the group's last frame. mutex_ is held.
double Planner::predicted_finish_s(const Plan& plan, const StageClock::Expected& expected,
                                   std::size_t frames) const {
  const double back_s = costs_.return_s();
  scheduling::PipelineRun run{.first_group = group_stage_costs_,
                              .later_groups = group_stage_costs_,
                              .stages = 2 * static_cast<std::size_t>(plan.last_active()) + 2,
                              .ready = expected.stage_ready,
                              .pending = static_cast<std::size_t>(config_.schedule.pending),
                              .under_way = expected.finished,
                              .back_s = back_s + turn_s_.value().value_or(0)};
  run.ready.front() = std::max(run.ready.front(), begin_s_.value().value_or(0));
  return scheduling::simulate(run, frames).finished.back() + back_s;
}

Plan Planner::plan(std::uint64_t first, std::vector<FrameChange> changes) {
  const std::lock_guard lock(mutex_);
  const auto start = steady_clock::now();
  const double now = now_s_();
  costs_.add_to_scene(changes);
  changes.resize(group_frames_, changes.empty() ? FrameChange{} : changes.back());
  GroupJudge::Group judged = frames_to_send(first, changes);
  // Of frames that are not known yet, as those of a camera, that of the group before is the best guess.
  if (judged.frames == 0 && plans_ > 0) return plan_;
  std::erase_if(changes, [](const FrameChange& change) { return change.unchanged; });
  judge_.costs_changed();
  Costs group = costs(changes);
  const StageClock::Expected expected = clock_.expected(now);
  group.stage_ready = expected.stage_ready;
  Plan plan = scheduler_->plan(group, first / group_frames_);
  group_stage_costs_ = scheduling::expected_stage_costs(PipelineModel(group), plan);
  judged.planned_at = now;
  judged.predicted_s = predicted_finish_s(plan, expected, judged.frames);
  judge_.planned(judged);
  planned_at_ = now;
  room_since_.reset();
  group_changes_ = std::move(changes);
  const double seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  planning_s_ += seconds;
  slowest_planning_s_ = std::max(slowest_planning_s_, seconds);
  ++plans_;
  spdlog::debug("frame {}: links {:.2f} MB/s, slowdown {:.2f} to {:.2f}; {:.0f} ms per group expected", first,
                fmt::join(megabytes_per_s(group.bandwidth), ", "), costs_.estimator().slowdown(0),
                costs_.estimator().slowdown(group.workers() - 1),
                1e3 * scheduling::forecast(group, plan, static_cast<std::size_t>(config_.schedule.pending))
                          .later_group_s);
  if (plan != plan_) {
    if (plans_ > 1) ++plan_changes_;
    spdlog::info("plan from frame {} on: {}", judged.first_frame, scheduling::to_string(plan));
    plan_ = plan;
  }
  return plan;
}

void Planner::sent(std::uint64_t frame, const Plan& plan) {
  const std::lock_guard lock(mutex_);
  const double now = now_s_();
  if (planned_at_) begin_s_.add(std::max(shortest_s, now - *planned_at_));
  if (room_since_) turn_s_.add(std::max(shortest_s, now - *room_since_));
  planned_at_.reset();
  room_since_.reset();
  SentFrame& sent = sent_[frame];
  const auto in_group =
      std::min(static_cast<std::size_t>(frame - std::min(frame, group_first_)), group_rows_.size() - 1);
  const std::size_t row = std::min(group_rows_[in_group], group_stage_costs_.size() - 1);
  sent = {.plan = plan, .change = group_changes_[row], .held = costs_.sent(plan), .at = now};
  // One frame at a time: the chain is empty whenever one is sent.
  sent.busy = config_.schedule.pending == 1 || sent_.size() > 1;
  const std::vector<bool>& whole = sent.held.whole;
  sent.steady = sent.busy && std::none_of(whole.begin(), whole.begin() + plan.last_active() + 1,
                                          [](bool is_whole) { return is_whole; });
  clock_.sent(frame, now, group_stage_costs_[row]);
}

void Planner::finished(const chain::Result& result) {
  const std::lock_guard lock(mutex_);
  const auto sent = sent_.find(result.frame);
  if (sent == sent_.end()) return;  // came twice
  const SentFrame& frame = sent->second;
  const double now = now_s_();
  costs_.learn_from(frame.plan, frame.change, frame.held, result.stages);
  if (!result.stages.empty()) {
    const chain::StageReport& last = result.stages.back();
    const double back_s = last.compute_at > 0 ? now - last.compute_at - last.compute_s : 0;
    if (back_s > 0) costs_.add_return(back_s);
  }
  clock_.finished(result.frame, now, result.stages);
  judge_.finished(result.frame,
                  {.plan = frame.plan,
                   .change = frame.change,
                   .at = frame.at,
                   .busy = frame.busy,
                   .steady = frame.steady},
                  now);
  if (sent_.size() == static_cast<std::size_t>(config_.schedule.pending)) room_since_ = now;
  // Not the older ones: after a change of plan a frame may overtake those in front of it.
  sent_.erase(sent);
}

// mutex_ is held.
std::vector<SchedulerEstimate> Planner::compare_schedulers() const {
  const Costs now = costs(group_changes_);
  const scheduling::Horizon ahead = horizon(config_);
  const std::optional<Plan> current = plan_;
  const scheduling::Outlook outlook(now, current, ahead);
  std::vector<SchedulerEstimate> estimates;
  const auto add = [&](const std::string& name, const Plan& plan, bool used) {
    const double seconds = outlook.group_s(plan);
    estimates.push_back({.name = name,
                         .plan = scheduling::to_string(plan),
                         .seconds_per_frame = seconds / static_cast<double>(now.frames()),
                         .used = used});
  };
  const std::string& own = config_.schedule.scheduler;
  add(own == "one_side" ? fmt::format("one_side, {}", config_.schedule.side) : own, plan_, true);
  for (const std::string& name : scheduling::scheduler_names()) {
    if (name == "fixed") continue;
    const std::vector<std::string> sides =
        name == "one_side" ? std::vector<std::string>{"edge", "cloud"} : std::vector<std::string>{""};
    for (const std::string& side : sides) {
      if (name == own && (side.empty() || side == config_.schedule.side)) continue;
      const auto other =
          scheduling::make_scheduler(name, {.side = side, .plans = {}, .horizon = horizon(config_)});
      add(side.empty() ? name : fmt::format("{}, {}", name, side), other->plan(now, 0), false);
    }
  }
  return estimates;
}

std::optional<Costs> Planner::final_costs() const {
  const std::lock_guard lock(mutex_);
  if (!costs_.began() || plans_ == 0) return std::nullopt;
  const std::vector<FrameChange> of_late = costs_.frames_of_late();
  return costs(of_late.empty() ? group_changes_ : of_late);
}

PlanningSummary Planner::summary() const {
  const std::lock_guard lock(mutex_);
  PlanningSummary summary{.schedulers = {},
                          .plans = plans_,
                          .plan_changes = plan_changes_,
                          .mean_planning_s = plans_ > 0 ? planning_s_ / static_cast<double>(plans_) : 0,
                          .slowest_planning_s = slowest_planning_s_,
                          .median_prediction_error = {},
                          .bandwidth_bytes_per_s = {},
                          .slowdown = {},
                          .devices = {}};
  if (!costs_.began() || plans_ == 0) return summary;
  summary.schedulers = compare_schedulers();
  const CostEstimator& estimator = costs_.estimator();
  summary.bandwidth_bytes_per_s = estimator.bandwidth();
  summary.chain_frame_s = judge_.chain_frame_s();
  const std::vector<double> alone_s = costs_.whole_network_s();
  for (std::size_t worker = 0; worker < alone_s.size(); ++worker) {
    const auto index = static_cast<int>(worker);
    summary.slowdown.push_back(estimator.slowdown(index));
    summary.devices.push_back(
        {.whole_network_s = alone_s[worker], .measured = estimator.was_measured(index)});
  }
  summary.median_prediction_error = judge_.median_error();
  return summary;
}

}  // namespace edge
