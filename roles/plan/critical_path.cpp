// Why a group is not finished earlier.
#include "roles/plan/critical_path.h"

#include <fmt/format.h>

#include <algorithm>

namespace edge::plan {

std::size_t CriticalPath::dearest() const {
  return static_cast<std::size_t>(std::max_element(stage_s.begin(), stage_s.end()) - stage_s.begin());
}

CriticalPath critical_path(const scheduling::StageTable& cost, std::span<const double> ready) {
  const scheduling::StageTable finish = scheduling::pipeline_finish(cost, ready);
  CriticalPath path;
  path.stage_s.assign(cost.front().size(), 0.0);
  std::size_t frame = cost.size() - 1;
  std::size_t stage = path.stage_s.size() - 1;
  for (;;) {
    path.stage_s[stage] += cost[frame][stage];
    const double free = frame > 0 ? finish[frame - 1][stage] : ready.empty() ? 0 : ready[stage];
    const double arrived = stage > 0 ? finish[frame][stage - 1] : 0;
    if (stage > 0 && arrived >= free) {
      --stage;
    } else if (frame > 0) {
      --frame;
    } else {
      path.ready_s = free;
      if (free > 0) path.ready_stage = static_cast<int>(stage);
      return path;
    }
  }
}

std::string stage_name(std::size_t stage) {
  return fmt::format("{} worker {}", stage % 2 == 0 ? "transfer into" : "computation on", stage / 2);
}

}  // namespace edge::plan
