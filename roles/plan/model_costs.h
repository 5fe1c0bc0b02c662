// Costs of a network that no chain has run yet: its layers measured on this machine, typical links and
// changes.
#pragma once

#include <vector>

#include "roles/config/config.h"
#include "roles/scheduling/costs.h"

namespace edge::plan {

/// Wi-Fi of a Raspberry Pi, in bytes per second.
constexpr double typical_bandwidth = 3e6;
constexpr int max_planned_workers = 64;

struct PlannedNetwork {
  ModelConfig model{};
  int workers = 2;  ///< all like this machine, 1 to max_planned_workers
  int threads = 0;  ///< of each; 0: all cores of this machine
  /// Of the links into the first workers, bytes per second; 0, and those that are missing: typical_bandwidth.
  std::vector<double> bandwidth{};
};

/// Runs every layer some times: takes a second to a minute, with a progress bar. Later groups are like the
/// first: a fixed camera (docs/prediction.md). Throws Error: no such network, a size that does not fit.
scheduling::Costs costs_of_network(const PlannedNetwork& network);

}  // namespace edge::plan
