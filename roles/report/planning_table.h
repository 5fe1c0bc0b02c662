// How planning went: the second part of the table at the end of a run. Pure functions, thread-safe, no
// errors.
#pragma once

#include <string>

#include "roles/report/planning_summary.h"

namespace edge {

/// Several lines of UTF-8 text, at most 80 columns wide, each with a line feed; empty if nothing was planned.
std::string format_planning(const PlanningSummary& summary);

}  // namespace edge
