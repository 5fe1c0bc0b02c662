// Schedulers choose a plan for each group of frames.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "roles/scheduling/plan.h"

namespace edge::scheduling {

/// What a scheduler may look at. Indices: l = layer (0 is the input), w = worker.
struct Costs {
  std::vector<double> layer_cost;  ///< seconds of layer l on worker 0; layer_cost[0] = 0
  std::vector<double> capacity;    ///< speed of worker w relative to worker 0 (> 0)
};

/// One owner, one thread.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual Plan plan(const Costs& costs, std::uint64_t group) = 0;
};

struct SchedulerOptions {
  std::string side = "edge";  ///< one_side
  std::vector<Plan> plans;    ///< fixed: used in turn, all for the same network and number of workers
};

/// Schedulers register themselves by name in one table; adding one touches only this folder. Throws Error
/// that lists the known names.
std::unique_ptr<Scheduler> make_scheduler(const std::string& name, const SchedulerOptions& options);
std::vector<std::string> scheduler_names();

}  // namespace edge::scheduling
