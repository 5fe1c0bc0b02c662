// Costs of a network that no chain has run yet: its layers measured on this machine, typical links and
// changes.
#pragma once

#include <optional>
#include <string>

#include "roles/scheduling/costs.h"

namespace edge::plan {

/// Wi-Fi of a Raspberry Pi, in bytes per second.
constexpr double typical_bandwidth = 3e6;
constexpr int max_planned_workers = 64;

struct PlannedNetwork {
  std::string name;                   ///< of a built-in network, or FILE.onnx
  std::optional<std::string> size{};  ///< "480x720", rows x columns; default: the file's own, else 480x720
  int workers = 2;                    ///< all like this machine, 1 to max_planned_workers
  int threads = 0;                    ///< of each; 0: all cores of this machine
};

/// Runs every layer some times: takes a second to a minute, with a progress bar. Later groups are like the
/// first: a fixed camera (docs/prediction.md). Throws Error: no such network, a size that does not fit.
scheduling::Costs costs_of_network(const PlannedNetwork& network);

}  // namespace edge::plan
