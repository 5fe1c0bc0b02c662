// The schedulers, one file each. Internal to this folder: others use make_scheduler().
#pragma once

#include <memory>

#include "roles/scheduling/scheduler.h"

namespace edge::scheduling {

/// Cuts the cumulated cost in proportion to the workers' capacities (LBS).
std::unique_ptr<Scheduler> make_load_balance(const SchedulerOptions& options);
/// Everything on the first (`edge`) or on the last worker (`cloud`) (OSC). Throws Error for another side.
std::unique_ptr<Scheduler> make_one_side(const SchedulerOptions& options);
/// The given plans in turn, one per group. Throws Error if there are none.
std::unique_ptr<Scheduler> make_fixed(const SchedulerOptions& options);

}  // namespace edge::scheduling
