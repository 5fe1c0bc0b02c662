// data_aware: cuts where computing and sending of this group's data balance best. The original system's own
// scheduler, with the optimum found by a search that is polynomial in practice rather than by enumeration.
#include <utility>

#include "roles/scheduling/horizon.h"
#include "roles/scheduling/optimum.h"
#include "roles/scheduling/schedulers.h"

namespace edge::scheduling {
namespace {

class DataAware : public Scheduler {
 public:
  explicit DataAware(std::optional<Horizon> horizon) : horizon_(horizon) {}
  Plan plan(const Costs& costs, std::uint64_t /*group*/) override {
    current_ = horizon_ ? ahead(costs) : find_optimum(PipelineModel(costs)).plan;
    return *current_;
  }

 private:
  /// A small gain must be seen in two groups in a row before it is believed: measurements are noisy, and each
  /// change costs whole tensors.
  Plan ahead(const Costs& costs) {
    const Advice advice = advise(costs, current_, *horizon_);
    if (!current_ || advice.plan == *current_) {
      advised_before_ = false;
      return advice.plan;
    }
    const bool believed = advice.saved_part >= large_gain || advised_before_;
    advised_before_ = !believed;
    return believed ? advice.plan : *current_;
  }

  static constexpr double large_gain = 0.15;
  std::optional<Horizon> horizon_;
  std::optional<Plan> current_;
  bool advised_before_ = false;  ///< a change, for the last group
};

}  // namespace

std::unique_ptr<Scheduler> make_data_aware(const SchedulerOptions& options) {
  return std::make_unique<DataAware>(options.horizon);
}

}  // namespace edge::scheduling
