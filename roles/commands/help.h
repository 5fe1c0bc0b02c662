// The help of `edge` and of its commands, as text. Thread-safe, no errors.
#pragma once

#include <span>
#include <string>

#include "roles/commands/command.h"

namespace edge::commands {

/// Of `edge` itself: the list of commands.
std::string general_help(std::span<const Command> commands);
/// Of one command: usage, options, examples, exit statuses.
std::string help_of(const Command& command);

}  // namespace edge::commands
