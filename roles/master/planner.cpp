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
constexpr std::size_t usual_frames = 120;       // that the scene is known by ...
constexpr std::size_t usual_piece = 15;         // ... in pieces of so many
constexpr int weight_of_now = 5;                // the last two groups count as so many pieces
constexpr std::size_t most_predictions = 1000;  // that are judged
constexpr std::size_t most_tried = 12;          // plans that are remembered

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

std::vector<std::vector<LayerIndex>> boundaries(const Graph& graph) {
  std::vector<std::vector<LayerIndex>> boundaries(1);
  for (LayerIndex first = 1; first <= graph.size(); ++first) boundaries.push_back(graph.boundary(first));
  return boundaries;
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

std::vector<double> megabytes_per_s(std::vector<double> bytes_per_s) {
  for (double& value : bytes_per_s) value /= 1e6;
  return bytes_per_s;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

double Planner::steady_clock_s() {
  return net::steady_seconds(steady_clock::now());
}

Planner::Planner(const Config& config, const Model& model, Clock clock)
    : config_(config),
      model_(model),
      now_s_(std::move(clock)),
      boundary_(boundaries(model.graph)),
      group_frames_(static_cast<std::size_t>(config.schedule.group_size)),
      scheduler_(open_scheduler(config, model)),
      forecast_(model.graph, config.net.mode == Mode::full, config.net.values),
      clock_(static_cast<int>(config.workers.size())),
      cached_(config.workers.size()),
      kept_(config.workers.size()),
      last_compute_at_(config.workers.size()) {}

void Planner::begin_epoch(std::vector<std::vector<double>> profiles,
                          std::vector<std::optional<double>> bandwidth) {
  const std::lock_guard lock(mutex_);
  if (!estimator_) {
    estimator_.emplace(std::move(profiles), std::move(bandwidth));
  } else {
    for (std::size_t worker = 0; worker < profiles.size(); ++worker) {
      estimator_->set_profile(static_cast<int>(worker), std::move(profiles[worker]));
    }
  }
  for (std::vector<LayerIndex>& tensors : cached_) tensors.clear();
  std::fill(kept_.begin(), kept_.end(), std::pair<LayerIndex, LayerIndex>{});
  clock_.forget_frames();
  groups_.clear();
  sent_.clear();
  group_times_.clear();
  last_result_at_.reset();
}

void Planner::set_predictor(std::shared_ptr<const prediction::TransferPredictor> predictor) {
  const std::lock_guard lock(mutex_);
  forecast_.set_predictor(std::move(predictor));
}

void Planner::add_transfer(int worker, const net::Transfer& transfer) {
  const std::lock_guard lock(mutex_);
  if (estimator_) estimator_->add_transfer(worker, transfer);
}

/// Short pieces of the video as it was lately; the newest counts more. Pieces, not one mean: where the scene
/// is still most of the time, a cut that is bad for the rest is not as good as the mean says. mutex_ is held.
void Planner::add_usual(Costs& costs) const {
  const auto add = [&](std::size_t begin, std::size_t end) {
    const double weight = 1 / static_cast<double>(end - begin);
    std::vector<double> rates(recent_[begin].rates.size());
    std::vector<double> part(workers_keep_ ? costs.layer_cost.size() : 0);
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t channel = 0; channel < rates.size(); ++channel) {
        rates[channel] += recent_[i].rates[channel] * weight;
      }
      if (!workers_keep_) continue;
      const std::vector<double> of_frame = computed_part(recent_[i]);
      for (std::size_t layer = 0; layer < part.size(); ++layer) part[layer] += of_frame[layer] * weight;
    }
    costs.usual_delta_bytes.push_back(forecast_.predict(rates).delta);
    if (workers_keep_) costs.usual_computed_part.push_back(std::move(part));
  };
  const std::size_t frames = recent_.size();
  for (std::size_t end = frames; end > 0;) {
    const std::size_t begin = end - std::min(end, usual_piece);
    add(begin, end);
    end = begin;
  }
  for (int i = 0; frames > 0 && i < weight_of_now; ++i) {
    add(frames - std::min(frames, 2 * group_frames_), frames);
  }
  if (frames >= usual_frames) return;
  // As if frames like those of the training had been seen before.
  costs.usual_delta_bytes.push_back(forecast_.predict({}).delta);
  if (!workers_keep_) return;
  // Of how much of the layers they compute nothing is known: as the others.
  std::vector<double> mean(costs.layer_cost.size(), frames == 0 ? 1.0 : 0.0);
  for (const std::vector<double>& part : costs.usual_computed_part) {
    for (std::size_t layer = 0; layer < mean.size(); ++layer) {
      mean[layer] += part[layer] / static_cast<double>(costs.usual_computed_part.size());
    }
  }
  costs.usual_computed_part.push_back(std::move(mean));
}

/// Of each layer's seconds, what a frame takes of a worker that has kept the outputs of the one before.
/// mutex_ is held.
std::vector<double> Planner::computed_part(const FrameChange& change) const {
  std::vector<double> part(static_cast<std::size_t>(model_.graph.size()), 1.0);
  if (change.dirty_shares.empty()) return part;
  for (std::size_t layer = 0; layer < part.size(); ++layer) {
    const double share = change.dirty_shares[layer];
    part[layer] = share > 0 ? std::min(1.0, estimator_->incremental(share)) : 0;
  }
  return part;
}

// mutex_ is held.
Costs Planner::costs(const std::vector<FrameChange>& changes) const {
  Costs costs;
  // load_balance looks at these two, which stay as they were profiled: without a look at links and caches,
  // following every fluctuation would cost more than it gains.
  costs.layer_cost = estimator_->profiles().front();
  for (const std::vector<double>& profile : estimator_->profiles()) {
    const double own = sum(profile);
    costs.capacity.push_back(own > 0 && sum(costs.layer_cost) > 0 ? sum(costs.layer_cost) / own : 1.0);
  }
  costs.worker_layer_cost = estimator_->layer_cost();
  costs.bandwidth = estimator_->bandwidth();
  costs.link_offset = estimator_->link_offset();
  for (const FrameChange& change : changes) {
    prediction::TransferBytes bytes = forecast_.predict(change.rates);
    if (workers_keep_) costs.computed_part.push_back(computed_part(change));
    costs.raw_bytes.push_back(std::move(bytes.raw));
    costs.delta_bytes.push_back(std::move(bytes.delta));
  }
  add_usual(costs);
  if (workers_keep_) costs.kept = kept_;
  for (int worker = 0; worker < costs.workers(); ++worker) {
    std::vector<double>& coding_s = costs.coding_s.emplace_back();
    for (LayerIndex layer = 0; layer < model_.graph.size(); ++layer) {
      coding_s.push_back(estimator_->codec_s_per_byte(worker) *
                         static_cast<double>(model_.graph.transfer_bytes(layer)));
    }
  }
  costs.known_ranges = estimator_->known_ranges();
  const std::uint64_t group = group_first_ / group_frames_;
  for (const Tried& tried : tried_) {
    costs.tried.push_back({.plan = tried.plan,
                           .factor = *tried.factor.value(),
                           .groups_ago = static_cast<double>(group - std::min(group, tried.group))});
  }
  costs.cached = cached_;
  costs.boundary = boundary_;
  return costs;
}

Plan Planner::plan(std::uint64_t first, std::vector<FrameChange> changes) {
  const std::lock_guard lock(mutex_);
  const auto start = steady_clock::now();
  const double now = now_s_();
  for (const FrameChange& change : changes) {
    workers_keep_ = workers_keep_ || !change.dirty_shares.empty();
    if (!change.rates.empty()) recent_.push_back(change);
  }
  while (recent_.size() > usual_frames) recent_.pop_front();
  changes.resize(group_frames_, changes.empty() ? FrameChange{} : changes.back());
  group_first_ = first;
  Costs group = costs(changes);
  const StageClock::Expected expected = clock_.expected(now);
  group.stage_ready = expected.stage_ready;
  Plan plan = scheduler_->plan(group, first / group_frames_);
  group_stage_costs_ = scheduling::believed_stage_costs(PipelineModel(group), plan);
  for (const scheduling::TriedPlan& tried : group.tried) {
    if (tried.plan != plan) continue;
    for (std::vector<double>& frame : group_stage_costs_) {
      for (double& seconds : frame) seconds *= tried.factor;
    }
  }
  const scheduling::Simulation simulation =
      scheduling::simulate({.first_group = group_stage_costs_,
                            .later_groups = group_stage_costs_,
                            .stages = 2 * static_cast<std::size_t>(plan.last_active()) + 2,
                            .ready = expected.stage_ready,
                            .pending = static_cast<std::size_t>(config_.schedule.pending),
                            .under_way = expected.finished},
                           group_frames_);
  groups_.push_back({.last_frame = first + group_frames_ - 1,
                     .planned_at = now,
                     .predicted_s = simulation.finished.back() + return_s_.value().value_or(0)});
  group_changes_ = std::move(changes);
  const double seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  planning_s_ += seconds;
  slowest_planning_s_ = std::max(slowest_planning_s_, seconds);
  ++plans_;
  spdlog::debug("frame {}: links {:.2f} MB/s, slowdown {:.2f} to {:.2f}; {:.0f} ms per group expected", first,
                fmt::join(megabytes_per_s(group.bandwidth), ", "), estimator_->slowdown(0),
                estimator_->slowdown(static_cast<int>(cached_.size()) - 1),
                1e3 * scheduling::forecast(group, plan, static_cast<std::size_t>(config_.schedule.pending))
                          .later_group_s);
  if (plan != plan_) {
    if (plans_ > 1) ++plan_changes_;
    spdlog::info("plan from frame {} on: {}", first, scheduling::to_string(plan));
    plan_ = plan;
  }
  return plan;
}

void Planner::sent(std::uint64_t frame, const Plan& plan) {
  const std::lock_guard lock(mutex_);
  SentFrame& sent = sent_[frame];
  const std::size_t row = std::min(static_cast<std::size_t>(frame - std::min(frame, group_first_)),
                                   group_stage_costs_.size() - 1);
  sent = {.plan = plan,
          .change = group_changes_[row],
          .kept = std::vector<bool>(cached_.size()),
          .whole = std::vector<bool>(cached_.size(), true)};
  for (int worker = 0; worker <= plan.last_active(); ++worker) {
    const auto index = static_cast<std::size_t>(worker);
    const std::vector<LayerIndex>& tensors = boundary_[static_cast<std::size_t>(plan.begin(worker))];
    sent.whole[index] = cached_[index] != tensors;
    cached_[index] = tensors;
    if (plan.idle(worker)) continue;
    const std::pair range{plan.begin(worker), plan.end(worker)};
    sent.kept[index] = std::exchange(kept_[index], range) == range;
  }
  // One frame at a time: the chain is empty whenever one is sent.
  sent.busy = config_.schedule.pending == 1 || sent_.size() > 1;
  sent.at = now_s_();
  sent.steady = sent.busy && std::none_of(sent.whole.begin(), sent.whole.begin() + plan.last_active() + 1,
                                          [](bool whole) { return whole; });
  clock_.sent(frame, now_s_(), group_stage_costs_[row]);
}

// mutex_ is held.
void Planner::learn_from(const SentFrame& frame, const chain::StageReport& report, double encode_s) {
  const int workers = static_cast<int>(cached_.size());
  if (report.worker < -1 || report.worker >= workers) return;
  if (report.transfer.bytes > 0 && report.worker + 1 < workers) {
    estimator_->add_transfer(report.worker + 1, report.transfer);
  }
  if (report.worker < 0 || report.worker > frame.plan.last_active()) return;
  const LayerIndex first = frame.plan.begin(report.worker);
  // A worker that ran other layers before computes all of them.
  const bool in_part = workers_keep_ && frame.kept[static_cast<std::size_t>(report.worker)];
  const std::vector<double> part = in_part ? computed_part(frame.change) : std::vector<double>{};
  const std::vector<LayerIndex>& tensors = boundary_[static_cast<std::size_t>(first)];
  double tensor_bytes = 0;
  for (const LayerIndex tensor : tensors) {
    tensor_bytes += static_cast<double>(model_.graph.transfer_bytes(tensor));
  }
  double& before = last_compute_at_[static_cast<std::size_t>(report.worker)];
  const double since = report.compute_at - std::exchange(before, report.compute_at);
  estimator_->add_computation(report.worker, first, frame.plan.end(report.worker), report.compute_s,
                              since > 0 ? std::min(1.0, report.compute_s / since) : 1.0, part);
  estimator_->add_codec(report.worker, encode_s + report.decode_s, tensor_bytes);
  forecast_.observe(tensors, !frame.whole[static_cast<std::size_t>(report.worker)], frame.change.rates,
                    static_cast<double>(report.receive_bytes));
}

// mutex_ is held.
void Planner::judge_prediction(std::uint64_t frame, double now) {
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
/// mutex_ is held.
void Planner::judge_plan(std::uint64_t frame, const SentFrame& sent, double now) {
  const bool follows = last_result_at_.has_value();
  const double before = std::exchange(last_result_at_, now).value_or(now);
  const double frame_s = config_.schedule.pending == 1 ? now - sent.at : now - before;
  if (sent.busy && (follows || config_.schedule.pending == 1)) {
    frame_times_.push_back(frame_s);
    if (frame_times_.size() > usual_frames) frame_times_.pop_front();
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
  Costs now_known = costs(time.changes);
  now_known.usual_delta_bytes.clear();
  now_known.usual_computed_part.clear();
  now_known.cached = scheduling::cached_after(now_known, sent.plan);
  const double modelled =
      scheduling::forecast(now_known, sent.plan, static_cast<std::size_t>(config_.schedule.pending))
          .later_group_s;
  if (!(modelled > 0)) return;
  auto tried =
      std::find_if(tried_.begin(), tried_.end(), [&](const Tried& one) { return one.plan == sent.plan; });
  if (tried == tried_.end()) {
    if (tried_.size() == most_tried) tried_.erase(tried_.begin());
    tried_.push_back({.plan = sent.plan, .factor = {}});
  } else {
    std::rotate(tried, tried + 1, tried_.end());
  }
  tried_.back().factor.add(time.seconds / modelled);
  spdlog::debug("group {}: {:.3f} s, {:.3f} s by the model of {}", number, time.seconds, modelled,
                scheduling::to_string(sent.plan));
  tried_.back().group = number;
}

void Planner::finished(const chain::Result& result) {
  const std::lock_guard lock(mutex_);
  const auto sent = sent_.find(result.frame);
  if (sent == sent_.end()) return;  // came twice
  const double now = now_s_();
  double encode_s = 0;
  for (const chain::StageReport& report : result.stages) {
    learn_from(sent->second, report, std::exchange(encode_s, report.encode_s));
  }
  if (!result.stages.empty()) {
    const chain::StageReport& last = result.stages.back();
    const double back_s = last.compute_at > 0 ? now - last.compute_at - last.compute_s : 0;
    // Not longer than the frame was away, whatever its clock says.
    if (back_s > 0 && back_s <= now - sent->second.at) return_s_.add(back_s);
  }
  clock_.finished(result.frame, now, result.stages);
  judge_prediction(result.frame, now);
  judge_plan(result.frame, sent->second, now);
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
                         .seconds_per_frame = seconds / static_cast<double>(group_frames_),
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
  if (!estimator_ || plans_ == 0) return std::nullopt;
  return costs(group_changes_);
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
  if (!estimator_ || plans_ == 0) return summary;
  summary.schedulers = compare_schedulers();
  summary.bandwidth_bytes_per_s = estimator_->bandwidth();
  if (!frame_times_.empty() && !config_.video.realtime) {
    summary.chain_frame_s = std::accumulate(frame_times_.begin(), frame_times_.end(), 0.0) /
                            static_cast<double>(frame_times_.size());
  }
  // Frames that nothing changes in are not sent, and do not count in either time.
  std::vector<double> part(static_cast<std::size_t>(model_.graph.size()));
  double frames = 0;
  for (const FrameChange& change : recent_) {
    if (!change.dirty_shares.empty() && change.dirty_shares.front() == 0) continue;
    const std::vector<double> of_frame = computed_part(change);
    for (std::size_t layer = 0; layer < part.size(); ++layer) part[layer] += of_frame[layer];
    ++frames;
  }
  for (double& of_layer : part) of_layer = frames > 0 ? of_layer / frames : 1;
  const std::vector<std::vector<double>> costs = estimator_->layer_cost();
  for (std::size_t worker = 0; worker < cached_.size(); ++worker) {
    const auto index = static_cast<int>(worker);
    summary.slowdown.push_back(estimator_->slowdown(index));
    summary.devices.push_back(
        {.whole_network_s = std::inner_product(part.begin(), part.end(), costs[worker].begin(), 0.0),
         .measured = estimator_->was_measured(index)});
  }
  if (!prediction_errors_.empty()) summary.median_prediction_error = median(prediction_errors_);
  return summary;
}

}  // namespace edge
