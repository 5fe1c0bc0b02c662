// load_balance: cuts the topological order so that each worker's part of the cost is nearest to its part of
// the capacity. Looks at computation only, not at links.
//
// Rule: worker w should end where the cumulated cost is total * (capacity[0] + ... + capacity[w]) /
// sum(capacity); it ends behind the layer whose cumulated cost is nearest to that (of equal ones the later),
// the last worker always behind the last layer. This is the rule of the original system's LBS; the targets
// are cumulative, so that what rounding gives to one worker is taken from the next.
//
// One deviation. Where the preceding cut is already beyond a worker's target (few layers, many workers), the
// original runs past the end of the network and hands the last worker -1 layers. Here such a worker gets no
// layers, and the next one is looked at as usual.
#include <cassert>
#include <cmath>
#include <numeric>

#include "roles/scheduling/schedulers.h"

namespace edge::scheduling {
namespace {

class LoadBalance : public Scheduler {
 public:
  Plan plan(const Costs& costs, std::uint64_t /*group*/) override { return balanced_plan(costs); }
};

}  // namespace

Plan balanced_plan(const Costs& costs) {
  const std::vector<double>& cost = costs.layer_cost;
  assert(!cost.empty() && !costs.capacity.empty());
  const double total_cost = std::accumulate(cost.begin() + 1, cost.end(), 0.0);
  const double total_capacity = std::accumulate(costs.capacity.begin(), costs.capacity.end(), 0.0);
  Plan plan;
  std::size_t end = 1;  // layers in front of it are given away
  double given = 0;     // their cost
  double capacity_sum = 0;
  for (const double capacity : costs.capacity) {
    assert(capacity > 0);
    capacity_sum += capacity;
    const double target = total_cost * capacity_sum / total_capacity;
    while (end < cost.size() && std::abs(given + cost[end] - target) <= std::abs(given - target)) {
      given += cost[end];
      ++end;
    }
    plan.ends.push_back(static_cast<LayerIndex>(end));
  }
  plan.ends.back() = static_cast<LayerIndex>(cost.size());  // whatever rounding left over
  return plan;
}

std::unique_ptr<Scheduler> make_load_balance(const SchedulerOptions& /*options*/) {
  return std::make_unique<LoadBalance>();
}

}  // namespace edge::scheduling
