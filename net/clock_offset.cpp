#include "net/clock_offset.h"

#include <algorithm>

namespace edge::net {

void ClockOffset::add(double asked, double other, double answered) {
  constexpr std::size_t most_samples = 32;  // clocks drift: what was long ago tells nothing
  samples_.push_back({.offset = other - (asked + answered) / 2, .round_trip = answered - asked});
  if (samples_.size() > most_samples) samples_.pop_front();
}

std::optional<double> ClockOffset::seconds() const {
  if (samples_.empty()) return std::nullopt;
  const auto quickest =
      std::min_element(samples_.begin(), samples_.end(),
                       [](const Sample& a, const Sample& b) { return a.round_trip < b.round_trip; });
  return quickest->offset;
}

}  // namespace edge::net
