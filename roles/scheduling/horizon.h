// Looking further ahead than one group: what a change of plan costs (caches must be filled anew: the first
// frame at a new cut goes whole), and what it gains from then on. Pure functions, thread-safe, no errors.
#pragma once

#include <cstddef>
#include <optional>

#include "roles/scheduling/costs.h"
#include "roles/scheduling/plan.h"

namespace edge::scheduling {

struct Horizon {
  double groups = 20;       ///< how many more groups a plan is expected to serve (>= 1)
  std::size_t pending = 3;  ///< frames in flight (>= 1)
  double margin = 0.02;     ///< a change must gain at least this part of the time; smaller gains are noise
  /// What a plan that has not been tried must gain, as a part of the time: estimates are off by as much, and
  /// the best of hundreds of plans is the one whose estimate is off most.
  double doubt = 0.1;
};

struct Forecast {
  double first_group_s = 0;  ///< until the next group is finished, with the caches as they are
  double later_group_s = 0;  ///< per group from then on, with the caches filled
};

/// Once a plan runs, a group takes as long as its slowest stage, or as long as all stages of its frames one
/// after another divided by the frames in flight, whichever is more. By the model, without Costs::tried.
Forecast forecast(const Costs& costs, const Plan& plan, std::size_t pending);

/// Seconds per group of a plan that runs for long: forecast(), corrected by what its groups took when it was
/// in use. A plan that was not yet is expected to be off as much as the current one, to the bad side only:
/// what makes that one slower than the model says (waiting, results on their way) the others have as well.
double believed_group_s(const Costs& costs, const Plan& plan, const std::optional<Plan>& current,
                        std::size_t pending);

struct ChangeOfPlan {
  bool worth_it = false;
  double gain_s = 0;    ///< over the horizon, once the caches are filled
  double refill_s = 0;  ///< by which the first group is late because its caches are not
};

/// Whether to give up `current` for `candidate`: if the gain over the horizon beats the cost of filling the
/// candidate's caches, and is more than noise (Horizon::margin) and, for one that was not tried, doubt.
ChangeOfPlan weigh_change(const Costs& costs, const Plan& current, const Plan& candidate,
                          const Horizon& horizon);

struct Advice {
  Plan plan;              ///< the current one, if no other is worth the change
  double saved_part = 0;  ///< of the horizon's seconds, against the current plan; 1 if there is none
  double refill_s = 0;    ///< of the change
};

/// The best plan over the horizon, of: the next group's optimum; the optimum with all caches filled; one that
/// is good for many groups; load_balance; the whole network on any one worker; those that were tried. If
/// there is a current plan it stays unless weigh_change() says otherwise.
Advice advise(const Costs& costs, const std::optional<Plan>& current, const Horizon& horizon);
inline Plan plan_ahead(const Costs& costs, const std::optional<Plan>& current, const Horizon& horizon) {
  return advise(costs, current, horizon).plan;
}

}  // namespace edge::scheduling
