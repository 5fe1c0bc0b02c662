// Looking further ahead than one group: what a change of plan costs (caches must be filled anew: the first
// frame at a new cut goes whole), and what it gains from then on. Pure functions, thread-safe, no errors.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "roles/scheduling/costs.h"
#include "roles/scheduling/pipeline_model.h"
#include "roles/scheduling/plan.h"

namespace edge::scheduling {

struct Horizon {
  double groups = 20;        ///< how many more groups a plan is expected to serve (>= 1)
  std::size_t pending = 3;   ///< frames in flight (>= 1)
  double groups_in_all = 0;  ///< of the run, where known; 0: no end
  double margin = 0.02;      ///< a change must gain at least this part of the time; smaller gains are noise
  /// The standard deviation of what is said of plans that were not tried, as a part of the time.
  double doubt = 0.1;
};

struct Forecast {
  double first_group_s = 0;  ///< until the next group is finished, with the caches as they are
  double later_group_s = 0;  ///< per group from then on, with the caches filled
};

/// Once a plan runs, a frame takes as long as its slowest stage, or as long as all of its stages one after
/// another, and to bring its result back, divided by the frames in flight, whichever is more. By the model,
/// without Costs::tried.
Forecast forecast(const Costs& costs, const Plan& plan, std::size_t pending);

struct ChangeOfPlan {
  bool worth_it = false;
  double gain_s = 0;    ///< over the horizon, once the caches are filled; below 0 if it would be slower
  double refill_s = 0;  ///< by which the first group is late because its caches are not
  double value_s = 0;   ///< expected over the horizon, with all costs and ways back; worth_it: it is above 0
  bool tried = false;   ///< the gain was measured
};

/// What can be expected of plans in the long run: of the model, corrected by what groups took when a plan was
/// in use (Costs::tried). A plan that was not yet is expected to be off as much as the current one, but to
/// the bad side only: what makes that one slower than the model says (waiting, results on their way) the
/// others have as well. One thread.
class Outlook {
 public:
  /// Keeps references.
  Outlook(const Costs& costs, const std::optional<Plan>& current, const Horizon& horizon);

  /// Seconds per group.
  double group_s(const Plan& plan) const;
  /// Whether to give up the current plan for `candidate`. One that was tried must gain more over the horizon
  /// than filling its caches costs, and the margin. What is said of one that was not is off by `doubt`: a try
  /// is worth what it may gain over the horizon, since one that disappoints is left again; it costs filling
  /// the caches, there and back, and the time until that is seen.
  ChangeOfPlan weigh(const Plan& candidate) const;

 private:
  const TriedPlan* find(const Plan& plan) const;
  double by_model(const Plan& plan) const;
  double refill_s(const Plan& from, const Plan& to) const;

  const Costs& costs_;
  const std::optional<Plan>& current_;
  const Horizon& horizon_;
  std::vector<Costs> usual_;  ///< a frame each, everything in the caches
  std::vector<PipelineModel> models_;
  double now_s_ = 0;
};

/// Whether to give up `current` for `candidate`.
ChangeOfPlan weigh_change(const Costs& costs, const Plan& current, const Plan& candidate,
                          const Horizon& horizon);

struct Advice {
  Plan plan;              ///< the current one, if no other is worth the change
  double saved_part = 0;  ///< of the horizon's seconds, against the current plan; 1 if there is none
  ChangeOfPlan change = {};
  double group_s = 0;  ///< of the current plan, or the advised one if there is none
};

/// The best plan over the horizon, of: the next group's optimum; the optimum with all caches filled; one that
/// is good for many groups; load_balance; neighborhood_search; the whole network on any one worker; those
/// that were tried. If there is a current plan it stays unless another is worth the change.
Advice advise(const Costs& costs, const std::optional<Plan>& current, const Horizon& horizon);
inline Plan plan_ahead(const Costs& costs, const std::optional<Plan>& current, const Horizon& horizon) {
  return advise(costs, current, horizon).plan;
}

}  // namespace edge::scheduling
