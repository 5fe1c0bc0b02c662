#include "net/clock_offset.h"

#include <algorithm>
#include <cmath>

namespace edge::net {

void ClockOffset::add(double asked, double other, double answered) {
  constexpr std::size_t most_samples = 32;  // clocks drift: what was long ago tells nothing
  if (!(answered >= asked)) return;         // our own clock was set back
  const Sample sample{.offset = other - (asked + answered) / 2, .round_trip = answered - asked};
  // Each is wrong by half its round trip at most. Two that cannot both be right are those of a clock that has
  // jumped (a device that slept, a virtual machine that was moved), or of a peer that lied before.
  constexpr double most_drift_s = 0.01;
  if (!samples_.empty()) {
    const Sample& known = quickest();
    if (std::abs(sample.offset - known.offset) > (sample.round_trip + known.round_trip) / 2 + most_drift_s) {
      samples_.clear();
    }
  }
  samples_.push_back(sample);
  if (samples_.size() > most_samples) samples_.pop_front();
}

std::optional<double> ClockOffset::seconds() const {
  if (samples_.empty()) return std::nullopt;
  return quickest().offset;
}

const ClockOffset::Sample& ClockOffset::quickest() const {
  return *std::min_element(samples_.begin(), samples_.end(),
                           [](const Sample& a, const Sample& b) { return a.round_trip < b.round_trip; });
}

}  // namespace edge::net
