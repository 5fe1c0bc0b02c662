// Changes of costs that `edge plan` is asked about: a faster device, another link. Pure functions.
#pragma once

#include <string>

#include "roles/scheduling/costs.h"

namespace edge::plan {

/// "1=2x": worker 1 is twice as fast. Throws Error that names the option --faster.
void make_faster(scheduling::Costs& costs, const std::string& text);

/// "0=12.5e6": the link into worker 0 has 12.5 MB/s. Throws Error that names the option --link.
void set_link(scheduling::Costs& costs, const std::string& text);

}  // namespace edge::plan
