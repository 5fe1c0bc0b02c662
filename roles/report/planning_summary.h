// How planning went, for the table at the end of a run. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace edge {

/// What a scheduler would cost by the model, at what was known of devices, links and scene at the end, and of
/// what plans took that were in use.
struct SchedulerEstimate {
  std::string name;
  std::string plan;
  double seconds_per_frame = 0;  ///< in the long run, with all caches filled
  bool used = false;             ///< the run's own
};

/// A device's seconds per frame for the whole network, of frames as they were lately.
struct DeviceCost {
  int worker = 0;
  double whole_network_s = 0;
  bool measured = false;  ///< half of it or more was measured in this run; false: as profiled before it
};

struct PlanningSummary {
  std::vector<SchedulerEstimate> schedulers;
  std::uint64_t plans = 0;
  std::uint64_t plan_changes = 0;
  double mean_planning_s = 0;
  double slowest_planning_s = 0;
  /// |predicted - measured| / measured seconds from planning to the result of the group's last frame.
  std::optional<double> median_prediction_error;
  // Of the workers that were there at the end, what the estimates above are made of.
  std::vector<double> bandwidth_bytes_per_s;  ///< of the link into each
  std::vector<double> slowdown;               ///< of each: measured / profiled seconds
  std::vector<DeviceCost> devices;
  /// From one result to the next while the chain had frames under way: without outages, and without waiting
  /// for the video or for `check`. The mean of the frames as they were lately, too.
  std::optional<double> chain_frame_s = {};
};

}  // namespace edge
