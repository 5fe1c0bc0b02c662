#include "roles/master/stage_clock.h"

#include <algorithm>

namespace edge {

StageClock::StageClock(int workers) : free_(2 * static_cast<std::size_t>(workers), 0.0) {}

void StageClock::sent(std::uint64_t frame, double now, std::vector<double> stage_costs) {
  under_way_[frame] = {.sent = now, .stage_costs = std::move(stage_costs)};
}

void StageClock::finished(std::uint64_t frame, double now, std::span<const chain::StageReport> stages) {
  under_way_.erase(frame);
  for (const chain::StageReport& report : stages) {
    if (report.worker < 0) continue;
    const auto worker = static_cast<std::size_t>(report.worker);
    if (2 * worker >= free_.size() || !(report.received_at > 0)) continue;
    // No later than now, whatever the clocks say.
    const double received = std::min(now, report.received_at);
    const double computed = std::min(now, report.compute_at + report.compute_s);
    free_[2 * worker] = std::max(free_[2 * worker], received);
    free_[2 * worker + 1] = std::max(free_[2 * worker + 1], computed);
  }
}

StageClock::Expected StageClock::expected(double now) const {
  Expected expected;
  std::vector<double> free = free_;
  for (const auto& [number, frame] : under_way_) {
    double time = frame.sent;
    for (std::size_t stage = 0; stage < free.size() && stage < frame.stage_costs.size(); ++stage) {
      time = std::max(free[stage], time) + frame.stage_costs[stage];
      free[stage] = time;
    }
    expected.finished.push_back(std::max(0.0, time - now));
  }
  for (const double time : free) expected.stage_ready.push_back(std::max(0.0, time - now));
  return expected;
}

}  // namespace edge
