// Schedulers choose a plan for each group of frames.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "roles/scheduling/costs.h"
#include "roles/scheduling/horizon.h"
#include "roles/scheduling/plan.h"

namespace edge::scheduling {

/// One owner, one thread.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  /// The plan of group `group`, counted from 0, which `costs` describes.
  virtual Plan plan(const Costs& costs, std::uint64_t group) = 0;
};

struct SchedulerOptions {
  std::string side = "edge";     ///< one_side
  std::vector<Plan> plans = {};  ///< fixed: used in turn, all for the same network and number of workers
  /// data_aware: look ahead over so many groups and keep a plan unless another is worth the change
  /// (plan_ahead). Without it each group gets the plan that finishes it first.
  std::optional<Horizon> horizon = std::nullopt;
};

/// Schedulers register themselves by name in one table; adding one touches only this folder. Throws Error
/// that lists the known names.
std::unique_ptr<Scheduler> make_scheduler(const std::string& name, const SchedulerOptions& options);
std::vector<std::string> scheduler_names();
/// Whether a scheduler looks at how many bytes will be sent.
bool needs_predictions(const std::string& name);

}  // namespace edge::scheduling
