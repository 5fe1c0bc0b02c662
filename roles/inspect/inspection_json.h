// A network as JSON; the keys are listed in docs/inspect.md. Pure function, thread-safe, no errors.
#pragma once

#include <nlohmann/json.hpp>

#include "roles/inspect/inspection.h"

namespace edge::inspect {

nlohmann::ordered_json inspection_json(const Inspection& inspection);

}  // namespace edge::inspect
