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
    current_ = horizon_ ? plan_ahead(costs, current_, *horizon_) : find_optimum(PipelineModel(costs)).plan;
    return *current_;
  }

 private:
  std::optional<Horizon> horizon_;
  std::optional<Plan> current_;
};

}  // namespace

std::unique_ptr<Scheduler> make_data_aware(const SchedulerOptions& options) {
  return std::make_unique<DataAware>(options.horizon);
}

}  // namespace edge::scheduling
