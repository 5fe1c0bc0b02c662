// The commands of `edge`, one file each: their options, and how these reach a role.
#pragma once

#include <span>

#include "roles/commands/command.h"

namespace edge::commands {

Command local_command();
Command master_command();
Command worker_command();
Command trainer_command();
Command trace_command();
Command plan_command();
Command infer_command();
Command inspect_command();
Command convert_command();
Command truth_command();
Command secret_command();
Command version_command();

/// In the order of the help.
std::vector<Command> all_commands();

/// Finds and runs the command, or prints help. `words`: behind the program's name. Returns the exit status.
/// Throws Error (UsageError: unknown command or option) or ClosedPipe.
int run_command_line(std::span<const char* const> words);

}  // namespace edge::commands
