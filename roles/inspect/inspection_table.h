// A network as text for a terminal. Pure functions, thread-safe, no errors.
#pragma once

#include <string>

#include "roles/inspect/inspection.h"

namespace edge::inspect {

/// One line per layer, with a line in front of each worker's part if there is a plan.
std::string layer_table(const Inspection& inspection);

/// What the layers sum up to, the cheapest cuts, and the parts of the plan.
std::string summary_text(const Inspection& inspection);

}  // namespace edge::inspect
