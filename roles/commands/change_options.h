// Options of what changes from frame to frame: what of the picture is taken, what is kept, how it is sent.
#pragma once

#include <vector>

#include "roles/commands/arguments.h"
#include "roles/commands/command.h"
#include "roles/config/config.h"

namespace edge::commands {

/// --gate, --refresh: of roles that read the video.
std::vector<Option> hold_options();
/// --keep: of roles that compute, and of those that plan what these do.
Option keep_option();
/// --values
Option values_option();

// Each sets what is given. Throws UsageError: a value that cannot be.

void apply_hold(const Arguments& arguments, HoldOptions& hold);
void apply_keep(const Arguments& arguments, EngineConfig& engine);
void apply_values(const Arguments& arguments, NetConfig& net);

}  // namespace edge::commands
