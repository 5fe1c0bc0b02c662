// Where the plan that is to be shown comes from. Blocking file access, any thread. All throw Error: one line
// that names the option or file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "roles/config/config.h"
#include "roles/inspect/inspection.h"

namespace edge::inspect {

/// For a network of `layers` layers (the input counts). `workers`: as many as the plan must have ranges; 0:
/// any number.
struct PlanContext {
  int layers = 0;
  int workers = 0;
};

/// Of `text` as in the config: [[1, 6], [], [7, 22]].
ShownPlan plan_of_text(const std::string& text, const PlanContext& context);

/// The plan of the last whole line of a master's JSON lines; the file may just be growing, and be large.
ShownPlan plan_of_result(const std::filesystem::path& file, const PlanContext& context);

/// The first one of [schedule], if the scheduler is "fixed".
std::optional<ShownPlan> plan_of_config(const Config& config, const PlanContext& context);

}  // namespace edge::inspect
