// Plans in JSON, as in the master's output and behind --plan: [[1, 6], [], [7, 13]]. Thread-safe functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "roles/scheduling/plan.h"

namespace edge::scheduling {

/// First and last layer or nothing for each worker; nothing if `value` is something else. Whether the ranges
/// are a plan is for plan_from_ranges().
std::optional<std::vector<LayerRange>> ranges_of_json(const nlohmann::json& value);

/// The text behind --plan. Without `workers` there are as many as it names. Throws Error as
/// plan_from_ranges() does, and if it is not of this form.
Plan plan_of_option(const std::string& text, int layers, std::optional<int> workers);

}  // namespace edge::scheduling
