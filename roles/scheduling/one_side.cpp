// one_side: the whole network on one worker, the first (`edge`) or the last (`cloud`).
#include <fmt/format.h>

#include <cassert>

#include "engine/error.h"
#include "roles/scheduling/schedulers.h"

namespace edge::scheduling {
namespace {

class OneSide : public Scheduler {
 public:
  explicit OneSide(bool first) : first_(first) {}
  Plan plan(const Costs& costs, std::uint64_t /*group*/) override {
    assert(!costs.layer_cost.empty() && !costs.capacity.empty());
    const auto layers = static_cast<LayerIndex>(costs.layer_cost.size());
    Plan plan;
    plan.ends.assign(costs.capacity.size(), first_ ? layers : 1);
    plan.ends.back() = layers;
    return plan;
  }

 private:
  bool first_;
};

}  // namespace

std::unique_ptr<Scheduler> make_one_side(const SchedulerOptions& options) {
  if (options.side != "edge" && options.side != "cloud") {
    throw Error(fmt::format("one_side: side must be edge or cloud, not '{}'", options.side));
  }
  return std::make_unique<OneSide>(options.side == "edge");
}

}  // namespace edge::scheduling
