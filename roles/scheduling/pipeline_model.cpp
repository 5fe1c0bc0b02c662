// The cost model: what a plan costs a group of frames.
#include "roles/scheduling/pipeline_model.h"

#include <algorithm>
#include <cassert>

namespace edge::scheduling {
namespace {

/// Sums of what is in front of each layer; the input costs nothing.
std::vector<double> sums_in_front(const std::vector<double>& cost) {
  std::vector<double> sums(cost.size() + 1);
  for (std::size_t layer = 1; layer < cost.size(); ++layer) sums[layer + 1] = sums[layer] + cost[layer];
  return sums;
}

/// One frame through all stages: `free` is when each stage is free, and is brought up to date.
void pass(std::span<const double> cost, double start, std::vector<double>& free) {
  double time = start;
  for (std::size_t stage = 0; stage < cost.size(); ++stage) {
    time = std::max(free[stage], time) + cost[stage];
    free[stage] = time;
  }
}

[[maybe_unused]] bool fits(const Costs& costs) {
  const std::size_t layers = costs.layer_cost.size();
  const std::size_t workers = costs.capacity.size();
  const auto is_table = [layers](const auto& rows) {
    return std::all_of(rows.begin(), rows.end(), [layers](const auto& row) { return row.size() == layers; });
  };
  const bool links =
      costs.bandwidth.empty() || (costs.bandwidth.size() == workers && !costs.raw_bytes.empty() &&
                                  costs.raw_bytes.size() == costs.delta_bytes.size());
  return layers >= 2 && workers >= 1 && links && is_table(costs.raw_bytes) && is_table(costs.delta_bytes) &&
         is_table(costs.worker_layer_cost) &&
         (costs.worker_layer_cost.empty() || costs.worker_layer_cost.size() == workers) &&
         is_table(costs.coding_s) && (costs.coding_s.empty() || costs.coding_s.size() == workers) &&
         (costs.link_offset.empty() || costs.link_offset.size() == workers) &&
         (costs.known_ranges.empty() || costs.known_ranges.size() == workers) &&
         is_table(costs.usual_delta_bytes) && is_table(costs.dirty_share) &&
         is_table(costs.usual_dirty_share) &&
         (costs.usual_dirty_share.empty() ||
          costs.usual_dirty_share.size() == costs.usual_delta_bytes.size()) &&
         (costs.dirty_share.empty() || costs.dirty_share.size() == costs.frames()) &&
         (costs.part_cost.empty() || costs.part_cost.size() == workers) &&
         (costs.kept.empty() || costs.kept.size() == workers) &&
         (costs.cached.empty() || costs.cached.size() == workers) &&
         (costs.stage_ready.empty() || costs.stage_ready.size() == 2 * workers) &&
         (costs.boundary.empty() || costs.boundary.size() == layers + 1);
}

}  // namespace

StageTable pipeline_finish(const StageTable& cost, std::span<const double> ready) {
  StageTable finish;
  finish.reserve(cost.size());
  std::vector<double> free(ready.begin(), ready.end());
  for (const std::vector<double>& frame : cost) {
    free.resize(frame.size());
    pass(frame, 0, free);
    finish.push_back(free);
  }
  return finish;
}

PipelineModel::PipelineModel(const Costs& costs) : costs_(costs), frames_(costs.frames()) {
  assert(fits(costs));
  const bool shared = costs.worker_layer_cost.empty();
  if (shared) full_in_front_.push_back(sums_in_front(costs.layer_cost));
  for (const std::vector<double>& cost : costs.worker_layer_cost) {
    full_in_front_.push_back(sums_in_front(cost));
  }
  for (int worker = 0; worker < workers() && !costs.dirty_share.empty(); ++worker) {
    for (std::size_t frame = 0; frame < frames_; ++frame) {
      std::vector<double> cost =
          shared ? costs.layer_cost : costs.worker_layer_cost[static_cast<std::size_t>(worker)];
      const PartCost part =
          costs.part_cost.empty() ? PartCost{} : costs.part_cost[static_cast<std::size_t>(worker)];
      for (std::size_t layer = 0; layer < cost.size(); ++layer) {
        cost[layer] *= part.of(costs.dirty_share[frame][layer]);
      }
      part_in_front_.push_back(sums_in_front(cost));
    }
  }
  std::vector<std::vector<bool>> held(costs.capacity.size(), std::vector<bool>(costs.layer_cost.size()));
  for (std::size_t worker = 0; worker < costs.cached.size(); ++worker) {
    for (const LayerIndex layer : costs.cached[worker]) held[worker][static_cast<std::size_t>(layer)] = true;
  }
  cuts_.resize(costs.layer_cost.size());
  for (LayerIndex first = 1; first < layers(); ++first) add_kinds(first, held);
  for (const std::vector<double>& coding_s : costs.coding_s) {
    std::vector<double>& of_cuts = coding_s_.emplace_back(costs.layer_cost.size());
    for (LayerIndex first = 1; first < layers(); ++first) {
      for (const LayerIndex tensor : boundary_of(costs, first)) {
        of_cuts[static_cast<std::size_t>(first)] += coding_s[static_cast<std::size_t>(tensor)];
      }
    }
  }
}

void PipelineModel::add_kinds(LayerIndex first, const std::vector<std::vector<bool>>& held) {
  Cut& cut = cuts_[static_cast<std::size_t>(first)];
  cut.kind_of_worker.assign(held.size(), 0);
  if (costs_.bandwidth.empty()) {
    cut.bytes.assign(frames_, 0.0);
    return;
  }
  const std::vector<LayerIndex> tensors = boundary_of(costs_, first);
  std::vector<std::vector<bool>> known;  // which of the tensors are held, by kind
  std::vector<bool> here(tensors.size());
  for (std::size_t worker = 0; worker < held.size(); ++worker) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      here[i] = held[worker][static_cast<std::size_t>(tensors[i])];
    }
    const auto found = std::find(known.begin(), known.end(), here);
    cut.kind_of_worker[worker] = static_cast<int>(found - known.begin());
    if (found == known.end()) known.push_back(here);
  }
  for (const std::vector<bool>& kind : known) {
    for (std::size_t frame = 0; frame < frames_; ++frame) {
      double bytes = 0;
      for (std::size_t i = 0; i < tensors.size(); ++i) {
        const auto tensor = static_cast<std::size_t>(tensors[i]);
        const bool as_cached = frame == 0 || (costs_.later_frames == LaterFrames::whole && tensor == 0);
        const bool delta = as_cached ? kind[i] : costs_.later_frames == LaterFrames::delta;
        bytes += (delta ? costs_.delta_bytes : costs_.raw_bytes)[frame][tensor];
      }
      cut.bytes.push_back(bytes);
    }
  }
}

StageTable PipelineModel::sent_bytes(const Plan& plan) const {
  assert(plan.workers() == workers() && plan.ends.back() == layers());
  StageTable sent(frames_, std::vector<double>(static_cast<std::size_t>(workers())));
  int kind_here = 0;
  for (int worker = 0; worker <= plan.last_active(); ++worker) {
    const LayerIndex first = plan.begin(worker);
    if (worker == 0 || !plan.idle(worker - 1)) kind_here = kind(worker, first);
    const std::span<const double> of_frames = bytes(first, kind_here);
    for (std::size_t frame = 0; frame < frames_; ++frame) {
      sent[frame][static_cast<std::size_t>(worker)] = of_frames[frame];
    }
  }
  return sent;
}

StageTable PipelineModel::stage_costs(const Plan& plan) const {
  const StageTable sent = sent_bytes(plan);
  StageTable cost(frames_, std::vector<double>(2 * static_cast<std::size_t>(workers())));
  for (int worker = 0; worker <= plan.last_active(); ++worker) {
    const LayerIndex first = plan.begin(worker);
    const auto index = static_cast<std::size_t>(worker);
    for (std::size_t frame = 0; frame < frames_; ++frame) {
      cost[frame][2 * index] = sending(worker, first, sent[frame][index]);
      cost[frame][2 * index + 1] = computing(worker, first, plan.end(worker), frame);
    }
  }
  return cost;
}

StageTable believed_stage_costs(const PipelineModel& model, const Plan& plan) {
  StageTable cost = model.stage_costs(plan);
  for (std::size_t worker = 0; worker < model.costs().known_ranges.size(); ++worker) {
    for (const KnownRange& range : model.costs().known_ranges[worker]) {
      if (range.first != plan.begin(static_cast<int>(worker))) continue;
      if (range.end != plan.end(static_cast<int>(worker))) continue;
      const double all = model.computing_all(static_cast<int>(worker), range.first, range.end);
      for (std::vector<double>& frame : cost) {
        double& seconds = frame[2 * worker + 1];
        seconds *= seconds < large_part * all ? range.part_factor : range.factor;
      }
    }
  }
  return cost;
}

StageTable expected_stage_costs(const PipelineModel& model, const Plan& plan) {
  StageTable cost = believed_stage_costs(model, plan);
  for (const TriedPlan& tried : model.costs().tried) {
    if (tried.plan != plan) continue;
    for (std::vector<double>& frame : cost) {
      for (double& seconds : frame) seconds *= tried.factor;
    }
  }
  return cost;
}

double PipelineModel::finish(const Plan& plan) const {
  return pipeline_finish(stage_costs(plan), costs_.stage_ready).back().back();
}

Simulation simulate(const PipelineRun& run, std::size_t frames) {
  assert(run.pending >= 1 && run.stages >= 1);
  Simulation simulation;
  std::vector<double> free = run.ready;
  free.resize(std::max(free.size(), run.stages));
  for (std::size_t frame = 0; frame < frames; ++frame) {
    const StageTable& group = frame < run.first_group.size() ? run.first_group : run.later_groups;
    const std::size_t before = run.under_way.size() + frame;  // frames that were or are sent in front of it
    const std::size_t due = before - std::min(before, run.pending);  // must be finished first
    const double room = before < run.pending ? 0
                        : due < run.under_way.size()
                            ? run.under_way[due] + run.back_s
                            : simulation.finished[due - run.under_way.size()] + run.back_s;
    simulation.started.push_back(std::max(room, free.front()));
    pass(std::span(group[frame % group.size()]).first(run.stages), room, free);
    simulation.finished.push_back(free[run.stages - 1]);
  }
  return simulation;
}

Simulation simulate(const Costs& costs, const Plan& plan, std::size_t frames, std::size_t pending) {
  Costs following = costs;
  following.cached = cached_after(costs, plan);
  following.kept = kept_after(costs, plan);
  return simulate({.first_group = expected_stage_costs(PipelineModel(costs), plan),
                   .later_groups = expected_stage_costs(PipelineModel(following), plan),
                   // Stages behind the last active worker have nothing to do with the result.
                   .stages = 2 * static_cast<std::size_t>(plan.last_active()) + 2,
                   .ready = costs.stage_ready,
                   .pending = pending,
                   .back_s = costs.return_s},
                  frames);
}

}  // namespace edge::scheduling
