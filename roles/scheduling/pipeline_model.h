// The cost model: what a plan costs a group of frames. docs/scheduling.md has the formulas.
// Immutable once made; safe to share between threads. No errors: costs that do not fit together are bugs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "roles/scheduling/costs.h"
#include "roles/scheduling/plan.h"

namespace edge::scheduling {

/// Seconds (or bytes), [frame][stage].
using StageTable = std::vector<std::vector<double>>;

/// The pipeline's recurrence: finish[f][s] = max(finish[f - 1][s], finish[f][s - 1]) + cost[f][s] with
/// finish[-1][s] = ready[s] and finish[f][-1] = 0. An empty `ready` counts as zeros.
StageTable pipeline_finish(const StageTable& cost, std::span<const double> ready);

class PipelineModel {
 public:
  /// Keeps a reference to `costs`.
  explicit PipelineModel(const Costs& costs);

  const Costs& costs() const { return costs_; }
  int workers() const { return costs_.workers(); }
  LayerIndex layers() const { return costs_.layers(); }
  std::size_t frames() const { return frames_; }

  /// Bytes on the link into each worker for each frame of the group; 0 behind the last active one.
  StageTable sent_bytes(const Plan& plan) const;
  /// Cost of each stage for each frame of the group. Behind the last active worker all are 0.
  StageTable stage_costs(const Plan& plan) const;
  /// When the group's last frame leaves the last stage.
  double finish(const Plan& plan) const;

  // A cut in front of layer `first` can be crossed by different bytes: which of its tensors are held depends
  // on the worker that is reached first. Each such way is a kind, numbered from 0 per cut; idle workers relay
  // what they got, so that the kind stays the same until the tensors are used. 1 <= first < layers().

  int kinds(LayerIndex first) const { return static_cast<int>(cut(first).bytes.size() / frames_); }
  /// What arrives if the sender made the tensors itself (worker 0: if they come from the master).
  int kind(int worker, LayerIndex first) const {
    return cut(first).kind_of_worker[static_cast<std::size_t>(worker)];
  }
  /// Bytes of each frame.
  std::span<const double> bytes(LayerIndex first, int kind) const {
    return std::span(cut(first).bytes).subspan(static_cast<std::size_t>(kind) * frames_, frames_);
  }
  /// Seconds that `worker` needs for the layers from `first` to `end` - 1 of a frame of the group.
  double computing(int worker, LayerIndex first, LayerIndex end, std::size_t frame) const {
    const bool in_full = frame == 0 && !part_in_front_.empty() && !keeps(worker, first, end);
    return in_full ? computing_all(worker, first, end) : computing_at_least(worker, first, end, frame);
  }
  /// If nothing of the frame before is kept.
  double computing_all(int worker, LayerIndex first, LayerIndex end) const {
    const std::size_t row = costs_.worker_layer_cost.empty() ? 0 : static_cast<std::size_t>(worker);
    return sum(full_in_front_[row], worker, first, end);
  }
  /// The same if the worker kept those layers' outputs from the frame before. Never less for more layers.
  double computing_at_least(int worker, LayerIndex first, LayerIndex end, std::size_t frame) const {
    if (part_in_front_.empty()) return computing_all(worker, first, end);
    return sum(part_in_front_[static_cast<std::size_t>(worker) * frames_ + frame], worker, first, end);
  }
  /// Of the group's frame that takes least.
  double computing_least(int worker, LayerIndex first, LayerIndex end) const {
    double least = computing_at_least(worker, first, end, 0);
    for (std::size_t frame = 1; frame < frames_ && !part_in_front_.empty(); ++frame) {
      least = std::min(least, computing_at_least(worker, first, end, frame));
    }
    return least;
  }
  /// Seconds per byte on the link into `worker`.
  double seconds_per_byte(int worker) const {
    return costs_.bandwidth.empty() ? 0 : 1 / costs_.bandwidth[static_cast<std::size_t>(worker)];
  }
  /// Seconds that so many bytes of the cut in front of `first` take on the link into `worker`, with encoding
  /// and decoding. Never less for more bytes.
  double sending(int worker, LayerIndex first, double bytes) const {
    const auto index = static_cast<std::size_t>(worker);
    const double offset = costs_.link_offset.empty() ? 0 : costs_.link_offset[index].at(bytes);
    const double coding = coding_s_.empty() ? 0 : coding_s_[index][static_cast<std::size_t>(first)];
    return std::max(0.0, bytes * seconds_per_byte(worker) + offset) + coding;
  }
  double ready(int stage) const {
    return costs_.stage_ready.empty() ? 0 : costs_.stage_ready[static_cast<std::size_t>(stage)];
  }

 private:
  struct Cut {
    std::vector<int> kind_of_worker;
    std::vector<double> bytes;  ///< [kind][frame]
  };
  const Cut& cut(LayerIndex first) const { return cuts_[static_cast<std::size_t>(first)]; }
  void add_kinds(LayerIndex first, const std::vector<std::vector<bool>>& held);

  bool keeps(int worker, LayerIndex first, LayerIndex end) const {
    if (costs_.keeps_all) return true;
    return !costs_.kept.empty() && costs_.kept[static_cast<std::size_t>(worker)] == std::pair(first, end);
  }
  double sum(const std::vector<double>& in_front, int worker, LayerIndex first, LayerIndex end) const {
    const double cost = in_front[static_cast<std::size_t>(end)] - in_front[static_cast<std::size_t>(first)];
    const bool is_of_worker = !costs_.worker_layer_cost.empty();
    return is_of_worker ? cost : cost / costs_.capacity[static_cast<std::size_t>(worker)];
  }

  const Costs& costs_;
  std::size_t frames_;
  // Sums of the costs in front of each layer, on worker 0 where Costs::worker_layer_cost is empty.
  std::vector<std::vector<double>> full_in_front_;  ///< by worker, or one for all
  std::vector<std::vector<double>> part_in_front_;  ///< [w * frames + f]; empty: all is computed
  std::vector<Cut> cuts_;
  std::vector<std::vector<double>> coding_s_;  ///< [w][first]; empty: none
};

/// PipelineModel::stage_costs(), but with what is known of just these ranges of layers (Costs::known_ranges).
StageTable believed_stage_costs(const PipelineModel& model, const Plan& plan);
/// The same, corrected by what the plan's groups really took if it was in use (Costs::tried).
StageTable expected_stage_costs(const PipelineModel& model, const Plan& plan);

/// N frames in a row by one plan, group after group with the costs of the given one.
struct Simulation {
  std::vector<double> started;   ///< when the master sends the frame
  std::vector<double> finished;  ///< when its result is there
};

/// How frames go through the pipeline, with the costs of the first group and of all later ones, when stages
/// are free, and the limit on frames in flight (>= 1). `under_way`: when each of the frames that are in
/// flight already will be finished, in order.
struct PipelineRun {
  StageTable first_group;
  StageTable later_groups;
  std::size_t stages = 0;  ///< that have to do with the result
  std::vector<double> ready;
  std::size_t pending = 1;
  std::vector<double> under_way = {};
  double back_s = 0;  ///< from the end of the last stage until that makes room for the next frame
};
Simulation simulate(const PipelineRun& run, std::size_t frames);

/// The first group starts with the given caches and ready times, the following ones with what the plan left
/// in the caches.
Simulation simulate(const Costs& costs, const Plan& plan, std::size_t frames, std::size_t pending);

}  // namespace edge::scheduling
