// The table of `edge plan --explain`.
#include "roles/plan/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "roles/plan/critical_path.h"
#include "roles/report/table.h"
#include "roles/scheduling/pipeline_model.h"
#include "roles/scheduling/scheduler.h"

namespace edge::plan {
namespace {

using namespace scheduling;

struct Candidate {
  std::string name;
  Plan plan;
  double finish_s = 0;
};

double finish_of(const PipelineModel& model, const Plan& plan) {
  return pipeline_finish(expected_stage_costs(model, plan), model.costs().stage_ready).back().back();
}

std::string layers_of(const Plan& plan, int worker) {
  if (!plan.idle(worker)) {
    const LayerIndex first = plan.begin(worker);
    const LayerIndex last = plan.end(worker) - 1;
    return first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
  }
  return worker < plan.last_active() ? "relays" : "-";
}

std::string received(const Costs& costs, const Plan& plan, int worker) {
  const std::vector<LayerIndex> tensors = boundary_of(costs, plan.begin(worker));
  if (tensors.size() > 3) return fmt::format("{} tensors", tensors.size());
  return fmt::format("output of {}", fmt::join(tensors, ", "));
}

std::string bytes_text(double bytes) {
  if (bytes < 1e3) return fmt::format("{:.0f} B", bytes);
  return bytes < 1e6 ? fmt::format("{:.1f} kB", bytes / 1e3) : fmt::format("{:.2f} MB", bytes / 1e6);
}

double mean_of_column(const StageTable& table, std::size_t column) {
  double sum = 0;
  for (const std::vector<double>& row : table) sum += row[column];
  return sum / static_cast<double>(table.size());
}

/// Means over the group's frames.
std::string workers_table(const PipelineModel& model, const Plan& plan) {
  const Costs& costs = model.costs();
  const StageTable cost = expected_stage_costs(model, plan);
  const StageTable sent = model.sent_bytes(plan);
  std::string text = fmt::format("{:>6}  {:<9} {:<18} {:>10} {:>10} {:>10}\n", "worker", "layers", "receives",
                                 "bytes", "transfer", "computing");
  for (int worker = 0; worker < plan.workers(); ++worker) {
    if (worker > plan.last_active()) {
      const int rest = plan.workers() - worker;
      return text + fmt::format("{:>6}  {}\n", worker,
                                rest == 1 ? "not involved" : "and the following: not involved");
    }
    const auto index = static_cast<std::size_t>(worker);
    text += fmt::format("{:>6}  {:<9} {:<18} {:>10} {:>10} {:>10}\n", worker, layers_of(plan, worker),
                        received(costs, plan, worker), bytes_text(mean_of_column(sent, index)),
                        format_seconds(mean_of_column(cost, 2 * index)),
                        format_seconds(mean_of_column(cost, 2 * index + 1)));
  }
  return text;
}

std::vector<Candidate> other_plans(const PipelineModel& model) {
  std::vector<Candidate> others;
  const auto add = [&](const std::string& name, const SchedulerOptions& options, const char* label) {
    const Plan plan = make_scheduler(name, options)->plan(model.costs(), 0);
    others.push_back({label, plan, finish_of(model, plan)});
  };
  for (const std::string& name : scheduler_names()) {
    if (name != "one_side" && name != "fixed") add(name, {}, name.c_str());
  }
  add("one_side", {.side = "edge"}, "one_side, edge");
  add("one_side", {.side = "cloud"}, "one_side, cloud");
  return others;
}

/// The plan with one cut one layer further to the front or to the back.
std::vector<Candidate> neighbors_of(const PipelineModel& model, const Plan& plan) {
  std::vector<Candidate> neighbors;
  for (std::size_t worker = 0; worker + 1 < plan.ends.size(); ++worker) {
    for (const int by : {-1, 1}) {
      Plan moved = plan;
      moved.ends[worker] += by;
      const LayerIndex front = worker == 0 ? 1 : plan.ends[worker - 1];
      if (moved.ends[worker] < front || moved.ends[worker] > plan.ends[worker + 1]) continue;
      neighbors.push_back({fmt::format("worker {} with {} layer", worker, by > 0 ? "one more" : "one less"),
                           moved, finish_of(model, moved)});
    }
  }
  return neighbors;
}

std::string dearest_text(const PipelineModel& model, const Plan& plan) {
  const CriticalPath path = critical_path(expected_stage_costs(model, plan), model.costs().stage_ready);
  const std::size_t stage = path.dearest();
  if (path.ready_stage >= 0 && path.ready_s > path.stage_s[stage]) {
    return fmt::format("waiting until {} is free, {}", stage_name(static_cast<std::size_t>(path.ready_stage)),
                       format_seconds(path.ready_s));
  }
  return fmt::format("{}, {}", stage_name(stage), format_seconds(path.stage_s[stage]));
}

std::string candidates_table(const PipelineModel& model, const std::vector<Candidate>& candidates) {
  std::string text =
      fmt::format("{:<20} {:>9}  {:<24} {}\n", "scheduler", "finish", "plan", "most of the time");
  for (const Candidate& candidate : candidates) {
    text += fmt::format("{:<20} {:>9}  {:<24} {}\n", candidate.name, format_seconds(candidate.finish_s),
                        to_string(candidate.plan), dearest_text(model, candidate.plan));
  }
  return text;
}

/// Where the time went that one plan takes longer than another.
std::string differences(const PipelineModel& model, const Plan& plan, const Plan& other) {
  const CriticalPath ours = critical_path(expected_stage_costs(model, plan), model.costs().stage_ready);
  const CriticalPath theirs = critical_path(expected_stage_costs(model, other), model.costs().stage_ready);
  std::vector<std::pair<double, std::string>> parts{
      {theirs.ready_s - ours.ready_s, "waiting for busy stages"}};
  for (std::size_t stage = 0; stage < ours.stage_s.size(); ++stage) {
    parts.emplace_back(theirs.stage_s[stage] - ours.stage_s[stage], stage_name(stage));
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return std::abs(a.first) > std::abs(b.first); });
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(4, parts.size()); ++i) {
    const auto& [seconds, name] = parts[i];
    if (std::abs(seconds) < 1e-12) break;
    text += fmt::format("  {:<28} {} {}\n", name, seconds > 0 ? "adds" : "saves",
                        format_seconds(std::abs(seconds)));
  }
  return text;
}

std::string runner_up_text(const PipelineModel& model, const Plan& plan, std::vector<Candidate> others) {
  for (Candidate& neighbor : neighbors_of(model, plan)) others.push_back(std::move(neighbor));
  std::erase_if(others, [&](const Candidate& other) { return other.plan == plan; });
  if (others.empty()) return "there is no other plan\n";
  const Candidate& best =
      *std::min_element(others.begin(), others.end(),
                        [](const Candidate& a, const Candidate& b) { return a.finish_s < b.finish_s; });
  const double later = best.finish_s - finish_of(model, plan);
  const std::string who = fmt::format("{} ({})", to_string(best.plan), best.name);
  if (later == 0) return fmt::format("runner-up: {}, equally good\n", who);
  return fmt::format("{}: {}, {} {}; on the way to the last result\n{}", later > 0 ? "runner-up" : "better",
                     who, format_seconds(std::abs(later)), later > 0 ? "later" : "earlier",
                     differences(model, plan, best.plan));
}

}  // namespace

std::string explain(const Costs& costs, const Plan& plan, const std::string& name) {
  const PipelineModel model(costs);
  const std::vector<Candidate> others = other_plans(model);
  std::string text = fmt::format("{}: the group of {} is finished after {}; most of it: {}\n\n", name,
                                 model.frames() == 1 ? "1 frame" : fmt::format("{} frames", model.frames()),
                                 format_seconds(finish_of(model, plan)), dearest_text(model, plan));
  text += workers_table(model, plan) + "\n" + candidates_table(model, others) + "\n";
  return text + runner_up_text(model, plan, others);
}

}  // namespace edge::plan
