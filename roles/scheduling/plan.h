// A plan: which layers each worker runs. Plain values, safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/layer.h"

namespace edge::scheduling {

/// Worker w runs layers begin(w) .. end(w) - 1. begin(0) = 1 (layer 0, the input, is the master's), begin(w)
/// = end(w - 1), and the last end is the number of layers. Workers with an empty range in front of the last
/// active one relay; those behind it are not involved.
struct Plan {
  std::vector<LayerIndex> ends;  ///< one per worker, ascending

  int workers() const { return static_cast<int>(ends.size()); }
  LayerIndex begin(int worker) const { return worker == 0 ? 1 : ends[static_cast<std::size_t>(worker - 1)]; }
  LayerIndex end(int worker) const { return ends[static_cast<std::size_t>(worker)]; }
  bool idle(int worker) const { return begin(worker) == end(worker); }
  /// The worker that runs the network's last layer.
  int last_active() const;
  friend bool operator==(const Plan&, const Plan&) = default;
};

/// "1-6 | 7-13 | -"
std::string to_string(const Plan& plan);

/// First and last layer of one worker; nothing for a worker without layers.
using LayerRange = std::optional<std::pair<int, int>>;

/// What can be said about ranges without knowing the network: one per worker, from layer 1 on, none skipped,
/// repeated or out of order. Throws Error that names the worker. `what` names the plan in the message.
void check_ranges(const std::vector<LayerRange>& ranges, int workers, const std::string& what);

/// One range per worker. Throws Error that names the worker if layers are skipped, repeated, out of order or
/// outside 1 .. layers - 1, or if there are not `workers` ranges. `what` names the plan in the message.
Plan plan_from_ranges(const std::vector<LayerRange>& ranges, int layers, int workers,
                      const std::string& what);

/// The plan in the notation of config.toml: the reverse of plan_from_ranges.
std::vector<LayerRange> ranges_of(const Plan& plan);

}  // namespace edge::scheduling
