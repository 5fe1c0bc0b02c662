// data_aware: cuts where computing and sending of this group's data balance best. The original system's own
// scheduler, with the optimum found by a search that is polynomial in practice rather than by enumeration.
#include <algorithm>
#include <utility>

#include "roles/scheduling/horizon.h"
#include "roles/scheduling/optimum.h"
#include "roles/scheduling/schedulers.h"

namespace edge::scheduling {
namespace {

class DataAware : public Scheduler {
 public:
  explicit DataAware(std::optional<Horizon> horizon) : horizon_(horizon) {}
  Plan plan(const Costs& costs, std::uint64_t group) override {
    current_ = horizon_ ? ahead(costs, static_cast<double>(group)) : find_optimum(PipelineModel(costs)).plan;
    return *current_;
  }

 private:
  /// A small gain must be seen in two groups in a row before it is believed: measurements are noisy, and each
  /// change costs whole tensors. Trying what was never measured may cost a small part of the time at most,
  /// however promising.
  Plan ahead(const Costs& costs, double group) {
    Horizon horizon = *horizon_;
    if (horizon.groups_in_all > 0) {
      horizon.groups = std::clamp(horizon.groups_in_all - group, 1.0, horizon.groups);
    }
    const Advice advice = advise(costs, current_, horizon);
    time_s_ += advice.group_s;
    if (!current_ || advice.plan == *current_) {
      advised_before_ = false;
      return advice.plan;
    }
    const bool believed = advice.saved_part >= large_gain || advised_before_;
    advised_before_ = true;
    if (!believed) return *current_;
    if (!advice.change.tried) {
      const double may_cost_s = advice.change.refill_s + try_costs_groups * advice.group_s;
      const double allowed_s = part_for_tries * (time_s_ + groups_in_advance * advice.group_s);
      const double promising = advice.saved_part >= large_gain ? large_gains_count : 1;
      if (tries_s_ + may_cost_s > promising * allowed_s) return *current_;
      tries_s_ += may_cost_s;
    }
    advised_before_ = false;
    return advice.plan;
  }

  static constexpr double large_gain = 0.15;
  static constexpr double part_for_tries = 0.02;
  static constexpr double large_gains_count = 3;  ///< so much more may tries cost that promise a large gain
  static constexpr double groups_in_advance = 20;
  static constexpr double try_costs_groups = 0.3;
  double time_s_ = 0;   ///< of the groups so far, as expected
  double tries_s_ = 0;  ///< what plans that were not tried before may have cost
  std::optional<Horizon> horizon_;
  std::optional<Plan> current_;
  bool advised_before_ = false;  ///< a change, for the last group
};

}  // namespace

std::unique_ptr<Scheduler> make_data_aware(const SchedulerOptions& options) {
  return std::make_unique<DataAware>(options.horizon);
}

}  // namespace edge::scheduling
