// Seconds of this process' steady clock, as messages carry them.
#pragma once

#include <chrono>

namespace edge::net {

inline double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

inline double steady_seconds(std::chrono::steady_clock::time_point time) {
  return seconds(time.time_since_epoch());
}

}  // namespace edge::net
