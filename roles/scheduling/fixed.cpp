// fixed: the plans of the configuration in turn, one per group.
#include <cassert>

#include "engine/error.h"
#include "roles/scheduling/schedulers.h"

namespace edge::scheduling {
namespace {

class Fixed : public Scheduler {
 public:
  explicit Fixed(std::vector<Plan> plans) : plans_(std::move(plans)) {}
  Plan plan([[maybe_unused]] const Costs& costs, std::uint64_t group) override {
    const Plan& plan = plans_[static_cast<std::size_t>(group % plans_.size())];
    assert(plan.ends.size() == costs.capacity.size());
    assert(static_cast<std::size_t>(plan.ends.back()) == costs.layer_cost.size());
    return plan;
  }

 private:
  std::vector<Plan> plans_;
};

}  // namespace

std::unique_ptr<Scheduler> make_fixed(const SchedulerOptions& options) {
  if (options.plans.empty()) {
    throw Error("fixed: the scheduler needs at least one plan; add plan = [[1, 6], [7, 13]] to [schedule]");
  }
  return std::make_unique<Fixed>(options.plans);
}

}  // namespace edge::scheduling
