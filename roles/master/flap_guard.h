// Devices that come and go again and again do more harm than good: each return costs the chain a pause. Pure:
// whoever calls it tells the time. One thread at a time.
#pragma once

#include <chrono>
#include <deque>
#include <map>

namespace edge {

class FlapGuard {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr int most_losses = 3;                   ///< within ...
  static constexpr std::chrono::seconds watched{60};      ///< ... this time
  static constexpr std::chrono::seconds first_pause{10};  ///< doubles each time ...
  static constexpr std::chrono::seconds longest_pause{600};
  static constexpr std::chrono::seconds forgiven_after{600};  ///< ... unless all was well for so long

  /// A worker was lost. Returns for how long it shall be kept out; 0: it is welcome at once.
  Duration lost(int worker, TimePoint now);

 private:
  struct History {
    std::deque<TimePoint> losses;  ///< within the time that is watched
    Duration next_pause = first_pause;
    TimePoint last_pause{};
  };
  std::map<int, History> workers_;
};

}  // namespace edge
