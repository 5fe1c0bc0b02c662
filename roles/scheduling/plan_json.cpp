#include "roles/scheduling/plan_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/error.h"

namespace edge::scheduling {
namespace {

constexpr std::size_t longest_text = 10'000;

}  // namespace

std::optional<std::vector<LayerRange>> ranges_of_json(const nlohmann::json& value) {
  constexpr std::uint64_t most = 1'000'000;
  const auto is_layer = [](const nlohmann::json& layer) {
    return layer.is_number_unsigned() && layer.get<std::uint64_t>() <= most;
  };
  if (!value.is_array() || value.empty()) return std::nullopt;
  std::vector<LayerRange> ranges;
  for (const nlohmann::json& range : value) {
    if (!range.is_array() || (!range.empty() && range.size() != 2)) return std::nullopt;
    if (!std::all_of(range.begin(), range.end(), is_layer)) return std::nullopt;
    ranges.push_back(range.empty() ? LayerRange{}
                                   : LayerRange{std::pair{range[0].get<int>(), range[1].get<int>()}});
  }
  return ranges;
}

Plan plan_of_option(const std::string& text, int layers, std::optional<int> workers) {
  const auto ranges =
      ranges_of_json(nlohmann::json::parse(text.size() > longest_text ? "" : text, nullptr, false));
  if (!ranges) {
    throw Error(
        fmt::format("--plan: must be [first, last] or [] for each worker, layers from 1 to {}, as in "
                    "'[[1, 6], [], [7, 13]]'",
                    layers - 1));
  }
  return plan_from_ranges(*ranges, layers, workers.value_or(static_cast<int>(ranges->size())), "--plan");
}

}  // namespace edge::scheduling
