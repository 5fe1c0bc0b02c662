#include "roles/master/planner.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "net/steady_time.h"
#include "roles/scheduling/horizon.h"
#include "roles/scheduling/pipeline_model.h"

namespace edge {

using scheduling::Costs;
using scheduling::PipelineModel;
using scheduling::Plan;
using std::chrono::steady_clock;

namespace {

constexpr double longest_horizon_groups = 20;
constexpr double shortest_s = 1e-6;  // that is told apart from no time
/// A worker that comes is taken in if groups take less than so much of what they take without it.
constexpr double worth_the_change = 0.95;

scheduling::Horizon horizon(const Config& config) {
  scheduling::Horizon horizon{.groups = longest_horizon_groups,
                              .pending = static_cast<std::size_t>(config.schedule.pending)};
  if (config.video.frames > 0) {
    horizon.groups_in_all = std::ceil(static_cast<double>(config.video.frames) / config.schedule.group_size);
    horizon.groups = std::min(horizon.groups, horizon.groups_in_all);
  }
  return horizon;
}

/// For the workers of a route.
std::unique_ptr<scheduling::Scheduler> open_scheduler(const Config& config, const Model& model,
                                                      const scheduling::Route& route) {
  scheduling::SchedulerOptions options{.side = config.schedule.side, .plans = {}, .horizon = horizon(config)};
  for (const auto& ranges : config.schedule.plans) {
    const Plan plan =
        scheduling::plan_from_ranges(ranges, model.graph.size(), static_cast<int>(config.workers.size()),
                                     fmt::format("{}: plan in [schedule]", config.file.string()));
    options.plans.push_back(scheduling::narrowed(plan, route));
  }
  return scheduling::make_scheduler(config.schedule.scheduler, options);
}

scheduling::Route all_workers(const Config& config) {
  scheduling::Route route(config.workers.size());
  std::iota(route.begin(), route.end(), 0);
  return route;
}

template <typename T>
std::vector<T> of_route(const std::vector<T>& of_all, const scheduling::Route& route) {
  std::vector<T> some;
  for (const int worker : route) some.push_back(of_all[static_cast<std::size_t>(worker)]);
  return some;
}

/// The reports of workers on the route, by their numbers there. Others cannot have had a part in the frame.
std::vector<chain::StageReport> on_route(std::vector<chain::StageReport> reports,
                                         const scheduling::Route& route) {
  std::vector<chain::StageReport> own;
  for (chain::StageReport& report : reports) {
    const auto at = std::lower_bound(route.begin(), route.end(), report.worker);
    const bool there = at != route.end() && *at == report.worker;
    if (!there && report.worker != -1) continue;
    if (there) report.worker = static_cast<int>(at - route.begin());
    own.push_back(report);
  }
  return own;
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
      model_(model),
      now_s_(std::move(clock)),
      group_frames_(static_cast<std::size_t>(config.schedule.group_size)),
      route_(all_workers(config)),
      scheduler_(open_scheduler(config, model, route_)),
      costs_(config, model),
      judge_(config, costs_),
      clock_(static_cast<int>(config.workers.size())) {}

void Planner::begin_epoch(const scheduling::Route& route, const std::vector<std::vector<double>>& profiles,
                          const std::vector<std::optional<double>>& bandwidth) {
  const std::lock_guard lock(mutex_);
  const bool other_route = route != route_;
  if (other_route) {
    route_ = route;
    scheduler_ = open_scheduler(config_, model_, route_);
    clock_ = StageClock(static_cast<int>(route_.size()));
    plan_ = {};
    planned_from_ = std::numeric_limits<std::uint64_t>::max();
    plan_again_.reset();
  }
  costs_.begin_epoch(route_, of_route(profiles, route_), of_route(bandwidth, route_));
  judge_.begin_epoch(other_route);
  clock_.forget_frames();
  sent_.clear();
  room_since_.reset();
}

bool Planner::is_worth(const scheduling::Route& route, const std::vector<std::vector<double>>& profiles,
                       const std::vector<std::optional<double>>& bandwidth) const {
  const std::lock_guard lock(mutex_);
  ChainCosts others = costs_;
  others.begin_epoch(route, of_route(profiles, route), of_route(bandwidth, route));
  const Costs then = others.of_group(group_changes_);
  const Plan plan = open_scheduler(config_, model_, route)->plan(then, group_first_ / group_frames_);
  bool somebody_new = false;
  for (std::size_t i = 0; i < route.size(); ++i) {
    const bool is_new = !std::binary_search(route_.begin(), route_.end(), route[i]);
    somebody_new = somebody_new || (is_new && !plan.idle(static_cast<int>(i)));
  }
  if (!somebody_new) return false;
  if (plan_.ends.empty() || !scheduling::needs_predictions(config_.schedule.scheduler)) return true;
  const scheduling::Horizon ahead = horizon(config_);
  const double then_s = scheduling::Outlook(then, std::nullopt, ahead).group_s(plan);
  const double now_s = scheduling::Outlook(costs(group_changes_), plan_, ahead).group_s(plan_);
  return then_s < worth_the_change * now_s;
}

Plan Planner::widened(const Plan& plan) const {
  return scheduling::widened(plan, route_, workers());
}

void Planner::set_predictor(std::shared_ptr<const prediction::TransferPredictor> predictor) {
  const std::lock_guard lock(mutex_);
  costs_.set_predictor(std::move(predictor));
}

void Planner::add_transfer(int from, int to, const net::Transfer& transfer) {
  const std::lock_guard lock(mutex_);
  if (!scheduling::has_link(route_, from, to)) return;
  const auto at = std::find(route_.begin(), route_.end(), to);
  costs_.add_transfer(static_cast<int>(at - route_.begin()), transfer);
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
  planned_from_ = std::min(planned_from_, first);
  costs_.add_to_scene(changes);
  return widened(make_plan(first, std::move(changes)));
}

Plan Planner::plan_of(std::uint64_t frame, const Plan& planned) {
  const std::lock_guard lock(mutex_);
  if (frame >= planned_from_) return planned;
  if (!plan_again_) plan_again_ = widened(make_plan(frame - frame % group_frames_, group_changes_));
  return *plan_again_;
}

// mutex_ is held.
Plan Planner::make_plan(std::uint64_t first, std::vector<FrameChange> changes) {
  const auto start = steady_clock::now();
  const double now = now_s_();
  changes.resize(group_frames_, changes.empty() ? FrameChange{} : changes.back());
  GroupJudge::Group judged = frames_to_send(first, changes);
  // Of frames that are not known yet, as those of a camera, that of the group before is the best guess.
  if (judged.frames == 0 && !plan_.ends.empty()) return plan_;
  std::erase_if(changes, [](const FrameChange& change) { return change.unchanged; });
  if (changes.empty()) changes.emplace_back();  // on another route, whatever will be sent by it
  judge_.costs_changed();
  Costs group = costs(changes);
  const StageClock::Expected expected = clock_.expected(now);
  group.stage_ready = expected.stage_ready;
  Plan plan = scheduler_->plan(group, first / group_frames_);
  group_stage_costs_ = scheduling::expected_stage_costs(PipelineModel(group), plan);
  if (judged.frames > 0) {
    judged.planned_at = now;
    judged.predicted_s = predicted_finish_s(plan, expected, judged.frames);
    judge_.planned(judged);
  }
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
    spdlog::info("plan from frame {} on: {}", judged.first_frame, scheduling::to_string(widened(plan)));
    plan_ = plan;
  }
  return plan;
}

void Planner::sent(std::uint64_t frame, const Plan& planned) {
  const std::lock_guard lock(mutex_);
  const Plan plan = scheduling::narrowed(planned, route_);
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
  const std::vector<chain::StageReport> stages = on_route(result.stages, route_);
  costs_.learn_from(frame.plan, frame.change, frame.held, stages);
  if (!stages.empty()) {
    const chain::StageReport& last = stages.back();
    const double back_s = last.compute_at > 0 ? now - last.compute_at - last.compute_s : 0;
    // Not longer than the frame was away, whatever its clock says.
    if (back_s > 0 && back_s <= now - frame.at) costs_.add_return(back_s);
  }
  clock_.finished(result.frame, now, stages);
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
                         .plan = scheduling::to_string(widened(plan)),
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
  // None was planned for this route: it began when all frames had been sent.
  if (!plan_.ends.empty()) summary.schedulers = compare_schedulers();
  const CostEstimator& estimator = costs_.estimator();
  summary.bandwidth_bytes_per_s = estimator.bandwidth();
  summary.chain_frame_s = judge_.chain_frame_s();
  const std::vector<double> alone_s = costs_.whole_network_s();
  for (std::size_t i = 0; i < alone_s.size(); ++i) {
    const auto index = static_cast<int>(i);
    summary.slowdown.push_back(estimator.slowdown(index));
    summary.devices.push_back(
        {.worker = route_[i], .whole_network_s = alone_s[i], .measured = estimator.was_measured(index)});
  }
  summary.median_prediction_error = judge_.median_error();
  return summary;
}

}  // namespace edge
