// Which of a chain's workers frames go through: not those that are away. Schedulers know only those on the
// route and number them from 0; everybody else numbers all workers of the config. Pure functions,
// thread-safe.
#pragma once

#include <string>
#include <vector>

#include "roles/scheduling/plan.h"

namespace edge::scheduling {

/// Workers, ascending; never empty where there is one.
using Route = std::vector<int>;

/// "workers 0 and 2", "worker 1"
std::string to_string(const Route& route);

/// Whether frames on the route go from worker `from` (-1: the master) straight to worker `to`.
bool has_link(const Route& route, int from, int to);

/// A plan for all workers as one for those on the route. Layers of a worker that is not on it go to the one
/// in front of it that is, or else to the first.
Plan narrowed(const Plan& plan, const Route& route);
/// The reverse: workers that are not on the route have no layers.
Plan widened(const Plan& plan, const Route& route, int workers);

}  // namespace edge::scheduling
