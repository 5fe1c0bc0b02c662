// The schedulers, one file each. Internal to this folder: others use make_scheduler().
#pragma once

#include <memory>

#include "roles/scheduling/scheduler.h"

namespace edge::scheduling {

/// The plan that finishes the group first, or with a horizon the one that pays over many groups.
std::unique_ptr<Scheduler> make_data_aware(const SchedulerOptions& options);
/// Starts from load_balance, moves the cut with the most expensive transfer while that helps (NSC).
std::unique_ptr<Scheduler> make_neighborhood_search(const SchedulerOptions& options);
/// Cuts the cumulated cost in proportion to the workers' capacities (LBS).
std::unique_ptr<Scheduler> make_load_balance(const SchedulerOptions& options);
/// Everything on the first (`edge`) or on the last worker (`cloud`) (OSC). Throws Error for another side.
std::unique_ptr<Scheduler> make_one_side(const SchedulerOptions& options);
/// The given plans in turn, one per group. Throws Error if there are none.
std::unique_ptr<Scheduler> make_fixed(const SchedulerOptions& options);

/// The plan of load_balance; other schedulers start from it.
Plan balanced_plan(const Costs& costs);

/// What neighborhood_search finds from there.
Plan neighborhood_plan(const Costs& costs);

}  // namespace edge::scheduling
