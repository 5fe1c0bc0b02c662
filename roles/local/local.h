// `edge local`: the whole configured chain on this machine, every role a process of its own, over TCP.
#pragma once

#include <string>
#include <vector>

#include "roles/config/config.h"

namespace edge {

struct LocalOptions {
  std::vector<std::string> passed_on;  ///< options for every role, as given on the command line
  std::vector<std::string> passed_to_workers;
  std::vector<std::string> passed_to_master;
  std::vector<std::string> passed_to_trainer;
  std::string video;  ///< --video, which the master gets in passed_to_master; empty: that of the config
  std::string trace;  ///< file for the trace of all roles; empty: none
};

/// Starts a worker process for each entry of the config, on free ports of 127.0.0.1, a trainer if the
/// scheduler plans with what that learns, then a master; waits for the master and stops all. Returns the
/// master's exit status, or that of a worker that ended before it. Workers that do not say how many threads
/// they want share the cores. Throws Error: the config is not a file, which all roles can read; a process
/// that cannot be started.
int run_local(const Config& config, const LocalOptions& options);

}  // namespace edge
