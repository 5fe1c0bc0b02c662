// What the commands of the roles have in common: options, config, log.
#pragma once

#include <string>
#include <vector>

#include "roles/commands/arguments.h"
#include "roles/commands/command.h"
#include "roles/config/config.h"

namespace edge::commands {

/// The log of a command: stderr, lines that begin with `process`. Throws UsageError: unknown level.
void set_up_log(const std::string& process, const std::string& level);

/// Options of all roles.
std::vector<Option> common_options();
std::vector<Option> worker_options();
std::vector<Option> master_options();
/// Those of `second` behind those of `first`, each once.
std::vector<Option> joined(std::vector<Option> first, const std::vector<Option>& second);

/// What ^C and SIGTERM give: of a run, which they cut short, and of a service, which has no other end.
std::vector<ExitStatus> statuses_of_a_run();
std::vector<ExitStatus> statuses_of_a_service();

/// Loads the config, applies the common options to it and sets up the log, whose lines begin with `process`.
/// Throws Error.
Config configure(const Arguments& arguments, const std::string& process);

/// Of --trace; empty: none. Throws Error: it cannot be written.
std::string trace_file(const Arguments& arguments);

}  // namespace edge::commands
