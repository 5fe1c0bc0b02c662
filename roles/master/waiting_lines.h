// What the log says while the master waits for devices: each wait once, a new reason once, and a reminder
// every 30 seconds. Pure: whoever calls it tells the time. One thread at a time.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace edge {

class WaitingLines {
 public:
  static constexpr std::chrono::seconds reminder{30};

  struct Wait {
    std::string what;                      ///< "worker 1 at 10.0.0.7:7701"
    std::string why = {};                  ///< "Connection refused"; may change
    std::chrono::milliseconds patience{};  ///< not worth a line before it has lasted so long
  };

  /// All that is waited for at present. Returns the lines that are due.
  std::vector<std::string> update(const std::vector<Wait>& waits, std::chrono::steady_clock::time_point now);

 private:
  struct Known {
    std::string what;
    std::chrono::steady_clock::time_point since;
    std::chrono::steady_clock::time_point said_at = {};
    std::set<std::string> said = {};  ///< reasons
  };
  std::vector<Known> known_;
};

}  // namespace edge
