// What the system knows of processes, from /proc. Pure look-ups; a process that is gone has nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace edge::faults {

struct Usage {
  double resident_mb = 0;
  double most_resident_mb = 0;  ///< ever
  int open_files = 0;
};
std::optional<Usage> usage_of(pid_t pid);

/// Processes whose environment has NAME=VALUE.
std::vector<pid_t> processes_with(const std::string& variable);

/// Which of a run's processes has which pid. Thread-safe.
class Processes {
 public:
  void add(pid_t pid, int process);
  void remove(pid_t pid);
  /// The process that has the connection from 127.0.0.1:`from` to 127.0.0.1:`to`; nobody if none of ours.
  int owner_of_connection(std::uint16_t from, std::uint16_t to) const;

 private:
  mutable std::mutex mutex_;
  std::map<pid_t, int> processes_;
};

}  // namespace edge::faults
