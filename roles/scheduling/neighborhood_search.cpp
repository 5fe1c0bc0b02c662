// neighborhood_search: starts from load_balance and moves one cut, layer by layer. The original system's NSC.
//
// In each step the cut in front of the most expensive transfer between workers (the one from the master
// cannot be moved) goes one layer to the front or to the back, whichever finishes the group earlier; it ends
// when neither does. Idle workers relay, so that several links may share a cut; it moves for all of them. As
// in the original it only plans groups 0, where everything is sent whole, and 1, the first with differences.
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <optional>
#include <utility>

#include "roles/scheduling/pipeline_model.h"
#include "roles/scheduling/schedulers.h"

namespace edge::scheduling {
namespace {

/// Where the tensors of the dearest transfer between workers are cut; nothing if no worker sends to another.
std::optional<LayerIndex> dearest_cut(const PipelineModel& model, const Plan& plan) {
  const StageTable cost = model.stage_costs(plan);
  std::optional<LayerIndex> dearest;
  double most = 0;
  for (int worker = 1; worker <= plan.last_active(); ++worker) {
    double seconds = 0;
    for (const std::vector<double>& frame : cost) seconds += frame[2 * static_cast<std::size_t>(worker)];
    if (seconds > most) {
      most = seconds;
      dearest = plan.begin(worker);
    }
  }
  return dearest;
}

Plan moved(const Plan& plan, LayerIndex cut, int by) {
  Plan neighbor = plan;
  std::replace(neighbor.ends.begin(), neighbor.ends.end() - 1, cut, cut + by);
  return neighbor;
}

}  // namespace

Plan neighborhood_plan(const Costs& costs) {
  const PipelineModel model(costs);
  Plan best = balanced_plan(costs);
  double finish = model.finish(best);
  for (;;) {
    const std::optional<LayerIndex> cut = dearest_cut(model, best);
    if (!cut) return best;
    const Plan* better = nullptr;
    const Plan to_front = *cut > 1 ? moved(best, *cut, -1) : best;
    const Plan to_back = *cut < model.layers() ? moved(best, *cut, +1) : best;
    for (const Plan* neighbor : {&to_front, &to_back}) {
      const double neighbor_finish = model.finish(*neighbor);
      if (neighbor_finish < finish) {
        finish = neighbor_finish;
        better = neighbor;
      }
    }
    if (better == nullptr) return best;
    best = Plan(*better);
  }
}

namespace {

class NeighborhoodSearch : public Scheduler {
 public:
  Plan plan(const Costs& costs, std::uint64_t group) override {
    if (group <= 1 || plan_.ends.empty()) plan_ = neighborhood_plan(costs);
    assert(plan_.workers() == costs.workers() && plan_.ends.back() == costs.layers());
    return plan_;
  }

 private:
  Plan plan_;
};

}  // namespace

std::unique_ptr<Scheduler> make_neighborhood_search(const SchedulerOptions& /*options*/) {
  return std::make_unique<NeighborhoodSearch>();
}

}  // namespace edge::scheduling
