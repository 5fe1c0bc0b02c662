// The costs that `edge plan` works with, as a JSON file. Format: docs/scheduling.md. Thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/graph.h"
#include "roles/scheduling/costs.h"

namespace edge::plan {

/// Throws Error: one line with file and key, what is wrong and what is expected. Whatever is accepted fits
/// together and is finite.
scheduling::Costs load_costs(const std::filesystem::path& file);
/// The same from text; profile files that it names are searched for in `file`'s directory.
scheduling::Costs parse_costs(std::string_view text, const std::filesystem::path& file);

/// The costs of `graph` as such a file, with the stages free: parse_costs() gives them back.
std::string costs_text(const scheduling::Costs& costs, const Graph& graph);

}  // namespace edge::plan
