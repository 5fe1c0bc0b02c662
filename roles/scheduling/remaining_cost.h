// Lower bounds of what a plan that is only begun still costs. Internal to the search for the optimum.
// Immutable once made; no errors.
#pragma once

#include <cstddef>
#include <vector>

#include "roles/scheduling/pipeline_model.h"

namespace edge::scheduling {

/// For every worker and every way in which tensors can arrive there, the minimum over all ways to go on, each
/// of the three on its own. A frame that is at that point at time t keeps the group's last frame, k frames
/// later, from being finished before t + least + k * slowest, and the last frame itself before t + last.
class RemainingCost {
 public:
  struct Bounds {
    double last = 0;     ///< seconds that the group's last frame spends in the remaining stages
    double least = 0;    ///< the same with each stage at the cheapest frame's cost
    double slowest = 0;  ///< the dearest of the remaining stages, each at the cheapest frame's cost
  };

  explicit RemainingCost(const PipelineModel& model);

  /// Number of the state "cut in front of `first`, bytes of this kind", 0 .. states() - 1.
  std::size_t state(LayerIndex first, int kind) const {
    return offset_[static_cast<std::size_t>(first)] + static_cast<std::size_t>(kind);
  }
  std::size_t states() const { return states_; }

  /// From the arrival at `worker` on.
  const Bounds& arrived(int worker, std::size_t state) const {
    return arrived_[static_cast<std::size_t>(worker) * states_ + state];
  }
  /// From the end of the computation on `worker` on, if it made the tensors in front of `first` itself;
  /// `first` = layers() costs nothing.
  const Bounds& computed(int worker, LayerIndex first) const {
    return computed_[static_cast<std::size_t>(worker) * (layers_ + 1) + static_cast<std::size_t>(first)];
  }

 private:
  Bounds sent(const PipelineModel& model, int worker, LayerIndex first, int kind) const;
  void bound_arrivals(const PipelineModel& model, int worker, LayerIndex first);

  std::size_t layers_;
  std::size_t states_ = 0;
  std::vector<std::size_t> offset_;
  std::vector<Bounds> arrived_;
  std::vector<Bounds> computed_;
};

}  // namespace edge::scheduling
