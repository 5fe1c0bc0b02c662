// `edge plan`: what if? Costs in, plan out. One thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "roles/plan/model_costs.h"

namespace edge::plan {

inline constexpr std::size_t max_simulated_frames = 1'000'000;
inline constexpr std::size_t max_pending = 1000;

struct PlanOptions {
  std::optional<std::filesystem::path> costs{};  ///< this or `network`
  std::optional<PlannedNetwork> network{};
  std::string scheduler = "data_aware";
  std::string side = "edge";          ///< one_side
  std::optional<std::string> plan{};  ///< fixed: [[1, 6], [7, 13]] as text
  std::vector<std::string> faster{};  ///< "1=2x", see what_if.h
  std::vector<std::string> links{};   ///< "0=12.5e6"
  bool explain = false;
  std::size_t simulated_frames = 0;  ///< 0: no simulation; at most max_simulated_frames
  std::size_t pending = 3;           ///< of the simulation: frames in flight, 1 to max_pending
};

struct PlanAnswer {
  std::string json;         ///< one line, for stdout. Format: docs/scheduling.md
  std::string explanation;  ///< lines of text, for stderr; empty unless asked for
};

/// Throws Error: one line that names the file and key; UsageError: the option.
PlanAnswer answer_plan(const PlanOptions& options);

}  // namespace edge::plan
