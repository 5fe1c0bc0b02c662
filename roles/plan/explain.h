// The table of `edge plan --explain`. Pure function, thread-safe, no errors.
#pragma once

#include <string>

#include "roles/scheduling/costs.h"
#include "roles/scheduling/plan.h"

namespace edge::plan {

/// What each worker does by `plan`, what other plans would take, and why the best of them is not it.
/// `name`: who made the plan.
std::string explain(const scheduling::Costs& costs, const scheduling::Plan& plan, const std::string& name);

}  // namespace edge::plan
